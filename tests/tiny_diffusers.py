"""Tiny diffusion models with random weights that genscope doesn't capture by name, and the kinds of their attention."""

from collections.abc import Callable, Mapping
from typing import Any

import diffusers
import torch
from torch import nn

# a model, what runs it, and kinds by fnmatch patterns of sites, as a workload has them; a site without
# a pattern has the kind that its lengths and arguments show while it runs
Model = tuple[nn.Module, Callable[[], Any], Mapping[str, str]]


def svd() -> Model:
    """Stable Video Diffusion's UNet: 5 frames of 16 x 16, one image embedding as context."""
    frames = 5
    model = diffusers.UNetSpatioTemporalConditionModel(
        down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
        block_out_channels=(32, 64),
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=24,
        layers_per_block=1,
        cross_attention_dim=32,
        num_attention_heads=(2, 4),
        num_frames=frames,
    )
    sample, context = torch.randn(2, frames, 8, 16, 16), torch.randn(2, 1, 32)
    kinds = {
        "*.temporal_transformer_blocks.*.attn1": "temporal",
        "*.temporal_transformer_blocks.*.attn2": "cross",
        "*.attn1": "spatial",
        "*.attn2": "cross",
    }
    return model, lambda: model(sample, 1, context, torch.randn(2, 3)), kinds


def animatediff() -> Model:
    """A UNet with motion modules: 6 frames of 16 x 16."""
    model = diffusers.UNetMotionModel(
        down_block_types=("CrossAttnDownBlockMotion", "DownBlockMotion"),
        up_block_types=("UpBlockMotion", "CrossAttnUpBlockMotion"),
        block_out_channels=(32, 64),
        layers_per_block=1,
        norm_num_groups=8,
        cross_attention_dim=32,
        num_attention_heads=4,
        motion_num_attention_heads=4,
    )
    sample, text = torch.randn(2, 4, 6, 16, 16), torch.randn(12, 9, 32)
    kinds = {"*.motion_modules.*": "temporal", "*.attn1": "spatial", "*.attn2": "cross"}
    return model, lambda: model(sample, 1, text), kinds


def modelscope() -> Model:
    """A UNet with a temporal transformer after each spatial one: 3 frames of 16 x 16."""
    model = diffusers.UNet3DConditionModel(
        down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"),
        up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"),
        block_out_channels=(32, 64),
        layers_per_block=1,
        norm_num_groups=8,
        cross_attention_dim=32,
        attention_head_dim=8,
    )
    sample, text = torch.randn(2, 4, 3, 16, 16), torch.randn(2, 9, 32)
    kinds = {
        "*temp_attentions*": "temporal",
        "*transformer_in*": "temporal",
        "*.attn1": "spatial",
        "*.attn2": "cross",
    }
    return model, lambda: model(sample, 1, text), kinds


def latte() -> Model:
    """A transformer with spatial and temporal blocks in turn: 4 frames of 8 x 8 positions."""
    model = diffusers.LatteTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        in_channels=4,
        out_channels=8,
        num_layers=2,
        cross_attention_dim=32,
        attention_bias=True,
        sample_size=16,
        patch_size=2,
        activation_fn="gelu-approximate",
        num_embeds_ada_norm=1000,
        norm_type="ada_norm_single",
        norm_elementwise_affine=False,
        caption_channels=24,
        video_length=4,
    )
    sample, text = torch.randn(2, 4, 4, 16, 16), torch.randn(2, 9, 24)
    kinds = {
        "*.temporal_transformer_blocks.*": "temporal",
        "*.attn1": "spatial",
        "*.attn2": "cross",
    }
    return model, lambda: model(sample, torch.tensor([1, 1]), text), kinds


def kandinsky2() -> Model:
    """Kandinsky 2.2's UNet: keys are the image and the context, each projected by itself."""
    model = diffusers.UNet2DConditionModel(
        sample_size=16,
        down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        block_out_channels=(32, 64),
        layers_per_block=1,
        encoder_hid_dim=24,
        encoder_hid_dim_type="image_proj",
        cross_attention_dim=32,
        attention_head_dim=8,
        addition_embed_type="image",
        resnet_time_scale_shift="scale_shift",
        class_embed_type=None,
    )
    sample, image = torch.randn(2, 4, 16, 16), torch.randn(2, 24)
    added = {"image_embeds": image}
    return model, lambda: model(sample, 1, None, added_cond_kwargs=added), {"*": "self+text"}


def kandinsky_prior() -> Model:
    """The prior of Kandinsky and DALL-E 2: one sequence of text, image and time with a causal mask."""
    model = diffusers.PriorTransformer(
        num_attention_heads=2,
        attention_head_dim=16,
        num_layers=2,
        embedding_dim=24,
        num_embeddings=9,
        additional_embeddings=4,
    )
    image, text = torch.randn(2, 24), torch.randn(2, 9, 24)
    mask = torch.ones(2, 9, dtype=torch.bool)
    return model, lambda: model(image, 1, image, text, mask), {"*": "causal"}


def kandinsky3() -> Model:
    """Kandinsky 3's UNet, whose time embedding pools the text."""
    model = diffusers.Kandinsky3UNet(
        time_embedding_dim=32,
        groups=4,
        attention_head_dim=8,
        layers_per_block=3,
        block_out_channels=(32, 32, 64, 64),
        cross_attention_dim=32,
        encoder_hid_dim=24,
    )
    sample, text = torch.randn(2, 4, 32, 32), torch.randn(2, 9, 24)
    mask = torch.ones(2, 9)
    kinds = {"*.add_time_condition*": "cross"}
    return model, lambda: model(sample, torch.tensor([1, 1]), text, mask), kinds


def kandinsky5() -> Model:
    """Kandinsky 5's video transformer: self-attention over all frames, cross-attention to the text."""
    model = diffusers.Kandinsky5Transformer3DModel(
        in_text_dim=24,
        in_text_dim2=16,
        time_dim=32,
        model_dim=32,
        ff_dim=64,
        num_text_blocks=1,
        num_visual_blocks=2,
        axes_dims=(4, 6, 6),
    )
    sample, text = torch.randn(1, 2, 16, 16, 4), torch.randn(1, 9, 24)
    place = [torch.arange(2), torch.arange(8), torch.arange(8)]
    return (
        model,
        lambda: model(
            sample, text, torch.tensor([1.0]), torch.randn(1, 16), place, torch.arange(9)
        ),
        {},
    )


def hunyuan_dit() -> Model:
    """HunyuanDiT: self and cross attention, and a text that is pooled by one query."""
    model = diffusers.HunyuanDiT2DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        in_channels=4,
        patch_size=2,
        sample_size=16,
        hidden_size=32,
        num_layers=2,
        mlp_ratio=2.0,
        cross_attention_dim=32,
        cross_attention_dim_t5=48,
        pooled_projection_dim=16,
        text_len=7,
        text_len_t5=11,
        use_style_cond_and_image_meta_size=False,
    )
    sample = torch.randn(2, 4, 16, 16)
    text, t5 = torch.randn(2, 7, 32), torch.randn(2, 11, 48)
    rope = (torch.randn(64, 16), torch.randn(64, 16))
    return (
        model,
        lambda: model(
            sample, torch.tensor([1.0, 1.0]), text, torch.ones(2, 7), t5, torch.ones(2, 11),
            image_rotary_emb=rope,
        ),
        {"*.pooler*": "cross", "*.attn1": "self", "*.attn2": "cross"},
    )  # fmt: skip


def lumina2() -> Model:
    """Lumina 2: text and image are joined once, before all joint layers."""
    model = diffusers.Lumina2Transformer2DModel(
        sample_size=16,
        in_channels=4,
        hidden_size=32,
        num_layers=2,
        num_refiner_layers=1,
        num_attention_heads=2,
        num_kv_heads=1,
        axes_dim_rope=(8, 4, 4),
        axes_lens=(64, 64, 64),
        multiple_of=16,
        cap_feat_dim=16,
    )
    sample, text = torch.randn(1, 4, 16, 16), torch.randn(1, 9, 16)
    mask = torch.ones(1, 9, dtype=torch.bool)
    return (
        model,
        lambda: model(sample, torch.tensor([1.0]), text, mask),
        {
            "model.layers.*": "joint",
            "*refiner*": "self",
        },
    )


def qwen_image() -> Model:
    """Qwen-Image: two streams, joined in every layer."""
    model = diffusers.QwenImageTransformer2DModel(
        in_channels=16,
        out_channels=4,
        num_layers=2,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=24,
        axes_dims_rope=(4, 6, 6),
    )
    sample, text = torch.randn(1, 64, 16), torch.randn(1, 9, 24)
    mask = torch.ones(1, 9, dtype=torch.bool)
    return (
        model,
        lambda: model(sample, text, mask, torch.tensor([1.0]), [[(1, 8, 8)]]),
        {"*": "joint"},
    )
