"""Items at places, read and changed by the C library and by NumPy: equal results, and no place outside.

`make sanitize` runs this with a build that checks each access.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from genscope.analyze import native
from genscope.analyze.native import arrays

pytestmark = pytest.mark.skipif(native.library() is None, reason="there is no C library to compare")

_ITEMS = (np.int8, np.int32, np.int64, np.bool_, np.uint8, np.uint64, np.float64)
_PLACES = (np.int32, np.int64)
_CHANGES = (arrays.put, arrays.add_at, arrays.least_at, arrays.most_at)
_Change = Callable[[NDArray[Any], NDArray[Any], Any], None]


@pytest.fixture(autouse=True)
def every_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """C does the work of small arrays, too."""
    monkeypatch.setattr(arrays, "FEWEST", 0)


def _both_ways(run: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    fast = run()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "library", lambda: None)
        slow = run()
    assert fast.dtype == slow.dtype
    np.testing.assert_array_equal(fast, slow)
    return fast


def _random(kind: Any, size: int, seed: int) -> NDArray[Any]:
    raw = np.random.default_rng(seed).integers(0, 256, size * np.dtype(kind).itemsize, np.uint8)
    return raw % 2 == 1 if kind == np.bool_ else np.nan_to_num(raw.view(kind))


@pytest.mark.parametrize("place_kind", _PLACES)
@pytest.mark.parametrize("item_kind", _ITEMS)
@pytest.mark.parametrize(("size", "count"), [(1, 0), (0, 0), (1, 1), (1, 9), (7, 1), (50, 1000)])
def test_items_are_read(item_kind: Any, place_kind: Any, size: int, count: int) -> None:
    items = _random(item_kind, size, seed=1)
    places = np.random.default_rng(2).integers(0, max(size, 1), count).astype(place_kind)
    found = _both_ways(lambda: arrays.take(items, places))
    assert found.tolist() == [items[place] for place in places.tolist()]


@pytest.mark.parametrize("change", _CHANGES)
@pytest.mark.parametrize("place_kind", _PLACES)
@pytest.mark.parametrize("item_kind", [np.int8, np.int32, np.int64])
@pytest.mark.parametrize(("size", "count"), [(1, 0), (1, 1), (1, 9), (7, 1), (50, 1000)])
def test_items_are_changed(
    change: _Change, item_kind: Any, place_kind: Any, size: int, count: int
) -> None:
    places = np.random.default_rng(3).integers(0, size, count).astype(place_kind)
    values = _random(item_kind, count, seed=4)
    # the extreme values overflow a sum
    values[: count // 2] = np.iinfo(item_kind).max
    values[: count // 4] = np.iinfo(item_kind).min
    given: list[Any] = [values, 1, np.array(-1, item_kind), values.astype(np.int64)]
    for each in given:

        def changed(each: Any = each) -> NDArray[Any]:
            items = _random(item_kind, size, seed=5)
            change(items, places, each)
            return items

        _both_ways(changed)


def test_a_change_does_what_its_name_says() -> None:
    places = np.array([0, 2, 2, 0], np.int32)
    wanted = {
        arrays.put: [9, 5, 3],
        arrays.add_at: [5 + 1 + 9, 5, 5 + 7 + 3],
        arrays.least_at: [1, 5, 3],
        arrays.most_at: [9, 5, 7],
    }
    for change, expected in wanted.items():
        items = np.full(3, 5, np.int64)
        # values of another type are converted
        change(items, places, np.array([1, 7, 3, 9], np.int32))
        assert items.tolist() == expected


@pytest.mark.parametrize("kind", [np.bool_, np.uint8, np.float64, np.uint64])
def test_items_of_any_type_are_set(kind: Any) -> None:
    def changed() -> NDArray[Any]:
        items = np.zeros(9, kind)
        arrays.put(items, np.array([8, 0, 3]), _random(kind, 3, seed=6))
        arrays.put(items, np.array([1, 2], np.int32), 1)
        return items

    _both_ways(changed)


@pytest.mark.parametrize("place_kind", _PLACES)
@pytest.mark.parametrize("place", [3, -1, -3, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63)])
@pytest.mark.parametrize("has_library", [True, False])
def test_a_place_outside_is_refused(
    place: int, place_kind: Any, has_library: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if abs(place + 1) > np.iinfo(place_kind).max:
        pytest.skip("no place of this type")
    if not has_library:
        monkeypatch.setattr(native, "library", lambda: None)
    places = np.array([0, 1, place, 0], place_kind)
    with pytest.raises(IndexError):
        arrays.take(np.arange(3), places)
    with pytest.raises(IndexError):
        arrays.take(np.zeros(0), places)
    for change in _CHANGES:
        with pytest.raises(IndexError):
            change(np.arange(3), places, np.arange(4))


@pytest.mark.parametrize("change", _CHANGES[1:])
@pytest.mark.parametrize("kind", [np.uint8, np.uint64, np.float64])
def test_numbers_of_any_type_are_changed(change: _Change, kind: Any) -> None:
    def changed() -> NDArray[Any]:
        items = _random(kind, 50, seed=7)
        change(items, np.arange(50), _random(kind, 50, seed=8))
        return items

    _both_ways(changed)


def test_arrays_that_c_can_not_read_are_left_to_numpy() -> None:
    whole = np.arange(40)
    places = np.arange(10, dtype=np.int32)
    texts = np.array(["a", "b"], object)
    assert arrays.take(whole[::4], places).tolist() == whole[::4].tolist()
    assert arrays.take(whole, places[::2]).tolist() == [0, 2, 4, 6, 8]
    assert arrays.take(texts, places[:2]).tolist() == ["a", "b"]
    assert arrays.take(whole.astype(">i8"), places[:3]).tolist() == [0, 1, 2]
    assert arrays.take(whole.astype(np.int16), places[:3]).tolist() == [0, 1, 2]
    assert arrays.take(whole.reshape(10, 4), places[:1]).tolist() == [[0, 1, 2, 3]]
    arrays.put(whole[::4], places, -places)
    assert whole[::4].tolist() == (-places).tolist() and whole[1::4].tolist() == [*range(1, 40, 4)]
    whole.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        arrays.put(whole, places, 0)


def test_c_refuses_buffers_that_do_not_fit() -> None:
    library = native.library()
    assert library
    items, places = np.zeros(4, np.int64), np.zeros(4, np.int32)
    short = native.Buffers(items, places, np.zeros(3, np.int64))
    assert library.genscope_take(short, 8, 4) == -1
    whole = native.Buffers(items, places, items.copy())
    assert library.genscope_take(whole, 8, 4) == 4
    for item_bytes, place_bytes in ((2, 4), (8, 2), (0, 4), (8, 0), (-8, 4)):
        assert library.genscope_take(whole, item_bytes, place_bytes) == -1
    for how in range(4):
        assert library.genscope_change(short, how, 8, 4) == -1
        assert library.genscope_change(whole, how, 8, 4) == 4
    assert library.genscope_change(whole, 4, 8, 4) == -1
    assert library.genscope_change(whole, -1, 8, 4) == -1
