"""Compile the C library of genscope.analyze.native; everything else about the package is in pyproject.toml.

    python setup.py build_ext --inplace      # for a checkout; GENSCOPE_SANITIZE=1 adds checks of every access

The library knows nothing of Python, so a wheel fits every Python 3 on its platform. It is optional: where
nothing can compile it, genscope is installed without it and loads traces more slowly.
"""

import os
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

_FOLDER = Path("analyze/native")
# Python's own flags include -fwrapv, which hides overflows
_CHECKS = [
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
    "-fno-wrapv",
]
_checks = _CHECKS if os.environ.get("GENSCOPE_SANITIZE") == "1" else []


class BuildLibrary(build_ext):
    """Builds a library without a Python version in its name."""

    def get_ext_filename(self, fullname: str) -> str:
        """The path of an extension's file in the package."""
        return str(Path(*fullname.split("."))) + ".so"


class PlatformWheel(bdist_wheel):
    """Marks the wheel as fit for every Python 3."""

    def get_tag(self) -> tuple[str, str, str]:
        """Tags for Python, its ABI and the platform."""
        return "py3", "none", super().get_tag()[2]


setup(
    ext_modules=[
        Extension(
            "genscope.analyze.native.native",
            sources=[str(path) for path in sorted(_FOLDER.glob("*.c"))],
            depends=[str(path) for path in sorted(_FOLDER.glob("*.h"))],
            extra_compile_args=[
                "-std=c11",
                "-O3",
                "-fvisibility=hidden",
                "-Wall",
                "-Wextra",
                *_checks,
            ],
            extra_link_args=_checks,
            optional=True,
        )
    ],
    cmdclass={"build_ext": BuildLibrary, "bdist_wheel": PlatformWheel},
)
