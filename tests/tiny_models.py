"""Tiny models with random weights that genscope doesn't capture by name: transformers' here, diffusers' in tiny_diffusers."""

import torch
import transformers

from genscope.capture.label.labels import Labels
from genscope.capture.runner import Runner
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload
from tests import tiny_diffusers as diffusion
from tests.tiny_diffusers import Model


def runner(name: str, attention: str) -> Runner:
    """One call of a model, on a CPU. `attention` is 'flash' or 'baseline'."""
    torch.manual_seed(0)
    model, run, kinds = MODELS[name]()

    def request(labels: Labels) -> torch.Tensor:
        with labels.component("model"):
            run()
        return torch.zeros(1)

    workload = Workload({"model": model.eval()}, request, {}, 1, kinds=kinds)
    return Runner(Settings(name, attention=attention, device="cpu"), workload, torch.device("cpu"))


def whisper() -> Model:
    """Whisper: an encoder, then a decoder with a key-value cache that pays attention to what it found."""
    model = transformers.WhisperForConditionalGeneration(
        transformers.WhisperConfig(
            vocab_size=64,
            num_mel_bins=8,
            d_model=32,
            encoder_layers=2,
            decoder_layers=2,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=64,
            decoder_ffn_dim=64,
            max_source_positions=20,
            max_target_positions=16,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
            decoder_start_token_id=1,
            suppress_tokens=None,
            begin_suppress_tokens=None,
        )
    )
    sound = torch.randn(1, 8, 40)

    def run() -> None:
        found = model.model.encoder(sound).last_hidden_state
        cache, tokens = None, torch.tensor([[1, 5, 6, 7]])
        for _ in range(4):
            made = model(
                encoder_outputs=(found,),
                decoder_input_ids=tokens,
                past_key_values=cache,
                use_cache=True,
            )
            cache, tokens = made.past_key_values, made.logits[:, -1:].argmax(-1)

    kinds = {
        "*.encoder_attn": "cross",
        "*.decoder.*.self_attn": "causal",
        "*.encoder.*.self_attn": "self",
    }
    return model, run, kinds


def t5() -> Model:
    """T5, encoder and decoder: a bias by position instead of a causal flag, no cache."""
    model = transformers.T5ForConditionalGeneration(
        transformers.T5Config(vocab_size=64, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4)
    )
    text, made = torch.randint(64, (2, 11)), torch.randint(64, (2, 6))
    kinds = {
        "*.decoder.*.EncDecAttention": "cross",
        "*.decoder.*.SelfAttention": "causal",
        "*.encoder.*": "self",
    }
    return model, lambda: model(input_ids=text, decoder_input_ids=made), kinds


def siglip() -> Model:
    """SigLIP: a text and an image encoder, and a pooling head with one query."""
    small = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
    }
    model = transformers.SiglipModel(
        transformers.SiglipConfig(
            text_config={**small, "vocab_size": 64, "max_position_embeddings": 12},
            vision_config={**small, "image_size": 32, "patch_size": 8},
        )
    )
    text, image = torch.randint(64, (2, 12)), torch.randn(2, 3, 32, 32)
    return model, lambda: model(text, image), {"*.head*": "cross", "*": "self"}


def dinov2() -> Model:
    """A vision transformer with registers: they are joined with the image, but have no projection."""
    model = transformers.Dinov2WithRegistersModel(
        transformers.Dinov2WithRegistersConfig(
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            image_size=32,
            patch_size=8,
            num_register_tokens=4,
        )
    )
    image = torch.randn(2, 3, 32, 32)
    return model, lambda: model(image), {"*": "self"}


def bert() -> Model:
    """BERT with a padded text: its mask differs from query to query, and isn't causal."""
    model = transformers.BertModel(
        transformers.BertConfig(
            vocab_size=64,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=64,
        )
    )
    text, mask = torch.randint(64, (2, 11)), torch.ones(2, 11, dtype=torch.long)
    mask[0, 7:] = 0
    return model, lambda: model(text, attention_mask=mask), {"*": "self"}


MODELS = {
    make.__name__: make
    for make in (
        diffusion.svd, diffusion.animatediff, diffusion.modelscope, diffusion.latte, diffusion.kandinsky2,
        diffusion.kandinsky_prior, diffusion.kandinsky3, diffusion.kandinsky5, diffusion.hunyuan_dit,
        diffusion.lumina2, diffusion.qwen_image, whisper, t5, siglip, dinov2, bert,
    )
}  # fmt: skip
