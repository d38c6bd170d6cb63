"""A diffusers pipeline with random weights that is built in a second and needs no download: for trying things out on a CPU."""

from __future__ import annotations

from typing import Any

from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from transformers import CLIPTokenizer

from genscope.capture.models.stable_diffusion import unet, vae
from genscope.capture.parts.text_encoders import clip

WORDS = ("<|startoftext|>", "<|endoftext|>", "a</w>", "c", "a", "t</w>")


def tiny_pipeline() -> Any:
    """Stable Diffusion with every kind of layer and few channels. It can spell "a cat"."""
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    tokenizer = CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77)
    scheduler = DDIMScheduler(clip_sample=False, steps_offset=1)
    parts = (vae(tiny=True), clip("tiny"), tokenizer, unet(tiny=True), scheduler)
    pipe: Any = StableDiffusionPipeline(*parts, None, None, requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)
    return pipe
