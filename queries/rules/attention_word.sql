-- attention_word: words in module names that show the kind of attention.
--
-- Why:     without labels, a module's name is the best evidence of its kind of attention.
-- Grain:   one row per word
-- Inputs:  none
-- Columns:
--   rule_order  order in which words are tried; the first one found decides
--   word        found anywhere in the name, in lower case; 'enclosing' words without underscores
--   kind        'self' | 'cross' | 'joint' | 'spatial' | 'temporal'; NULL if the word shows none:
--               the part of a path that contains it is then ignored
--   scope       'module': in the attention module's name; 'enclosing': also in names of the modules
--               around it
--   example     a real name that contains the word
SELECT
  rule_order,
  word,
  kind,
  scope,
  example
FROM (
  VALUES
  -- models of images over time, which also attend within one image
  (1, 'spatiotemporal', NULL, 'enclosing', 'TransformerSpatioTemporalModel_0'),
  (2, 'spatialtemporal', NULL, 'enclosing', 'SpatialTemporalTransformer_0'),
  (3, 'temporaldecoder', NULL, 'enclosing', 'MidBlockTemporalDecoder_0'),
  (4, 'temporal', 'temporal', 'enclosing', 'TransformerTemporalModel_3'),
  (5, 'motionmodule', 'temporal', 'enclosing', 'unet.down_blocks.0.motion_modules.0'),
  (6, 'animatedifftransformer3d', 'temporal', 'enclosing', 'AnimateDiffTransformer3D_0'),
  (7, 'spatial_att', 'spatial', 'module', 'enc_spatial_attn'),
  (8, 'spatialatt', 'spatial', 'module', 'SpatialAttention_2'),
  (9, 'joint', 'joint', 'module', 'JointAttention_0'),
  (10, 'cross', 'cross', 'module', 'T5LayerCrossAttention_0'),
  (11, 'attn2', 'cross', 'module', 'unet.mid_block.attentions.0.transformer_blocks.0.attn2'),
  (12, 'encdec', 'cross', 'module', 'decoder.block.0.layer.1.EncDecAttention'),
  (13, 'encoder_attn', 'cross', 'module', 'model.decoder.layers.0.encoder_attn'),
  (14, 'attentionpool', 'cross', 'module', 'SiglipMultiheadAttentionPoolingHead_0'),
  (15, 'attention_pool', 'cross', 'module', 'time_embed.attention_pool'),
  (16, 'attnpool', 'cross', 'module', 'visual.attnpool'),
  (17, 'selfatt', 'self', 'enclosing', 'BertSelfAttention_0'),
  (18, 'self_att', 'self', 'module', 'model.layers.0.self_attn'),
  (19, 'attn1', 'self', 'module', 'unet.mid_block.attentions.0.transformer_blocks.0.attn1')
) AS words (rule_order, word, kind, scope, example)
