"""Whole pipelines of diffusers and transformers, tiny: components found by themselves, labels as in the suite's models."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import capture_traces as traces

from genscope.capture.recording import record


def stable_diffusion() -> Any:
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import (
        StableDiffusionPipeline,
    )
    from diffusers.schedulers.scheduling_ddim import DDIMScheduler
    from transformers import CLIPTokenizer

    from genscope.capture.models.stable_diffusion import unet, vae
    from genscope.capture.parts.text_encoders import clip

    words = ("<|startoftext|>", "<|endoftext|>", "a</w>", "c", "a", "t</w>")
    tokenizer = CLIPTokenizer(
        vocab={word: number for number, word in enumerate(words)}, merges=[], model_max_length=77
    )
    scheduler = DDIMScheduler(clip_sample=False, steps_offset=1)
    parts = (vae(tiny=True), clip("tiny"), tokenizer, unet(tiny=True), scheduler)
    pipe: Any = StableDiffusionPipeline(*parts, None, None, requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def test_a_diffusers_pipeline_is_recorded_and_left_as_it_was(tmp_path: Path) -> None:
    pipe = stable_diffusion()
    parts = {name: part for name, part in pipe.components.items() if part is not None}
    before = {name: set(vars(part)) for name, part in parts.items()}
    with record("sd", pipe, out=tmp_path) as run:
        for _ in range(2):
            pipe("a cat", num_inference_steps=2, height=64, width=64, output_type="np")
            run.step()
    assert {name: set(vars(part)) for name, part in parts.items()} == before
    card = traces.manifest(run.folder)
    # the prompt and the empty one are encoded one after the other
    assert card["component_steps_profiled"] == {
        "text_encoder": 2, "unet": 2, "scheduler": 2, "vae": 1,
    }  # fmt: skip
    assert card["parameters"]["unet"] == sum(p.numel() for p in pipe.unet.parameters())
    calls = [traces.fields(event["name"]) for event in traces.labels(run.folder, "attention:")]
    found = Counter((call["site"].partition(".")[0], call["kind"]) for call in calls)
    # two layers of the text encoder; four sites of the UNet, each with both kinds; one of the VAE
    assert found == {
        ("text_encoder", "causal"): 4, ("unet", "self"): 8, ("unet", "cross"): 8, ("vae", "self"): 1,
    }  # fmt: skip
    assert card["attention_seen"] == {"flash": 21}


def language_model() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, pipeline

    words = Tokenizer(models.WordLevel({"a": 0, "cat": 1, "<pad>": 2, "?": 3}, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", unk_token="?")
    config = LlamaConfig(
        vocab_size=10, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, pad_token_id=2, eos_token_id=None,
    )  # fmt: skip
    return pipeline("text-generation", model=LlamaForCausalLM(config).eval(), tokenizer=tokenizer)


def test_a_transformers_pipeline_is_recorded_call_by_call(tmp_path: Path) -> None:
    pipe = language_model()
    with record("lm", pipe, out=tmp_path) as run:
        for _ in range(2):
            pipe("a cat", max_new_tokens=3, do_sample=False)
            run.step()
    assert traces.manifest(run.folder)["component_steps_profiled"] == {"model": 1}
    calls = [traces.fields(event["name"]) for event in traces.labels(run.folder, "attention:")]
    lengths = [(call["kind"], call["query_len"], call["kv_len"], call["heads"]) for call in calls]
    # two layers: a prompt of two tokens at once, then one token after the other
    assert lengths == [
        *[("causal", "2", "2", "4")] * 2, *[("causal", "1", "3", "4")] * 2, *[("causal", "1", "4", "4")] * 2,
    ]  # fmt: skip
