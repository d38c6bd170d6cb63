-- attention_word: words in module names that show the kind of attention.
--
-- Why:     without labels, a module's name is the best evidence of its kind of attention.
-- Grain:   one row per word
-- Inputs:  none
-- Columns:
--   rule_order  order in which words are tried; the first one found decides
--   word        found anywhere in the name, in lower case
--   kind        'self' | 'cross' | 'joint' | 'spatial' | 'temporal'
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
  (1, 'temporal', 'temporal', 'enclosing', 'TransformerTemporalModel_3'),
  (2, 'motion_module', 'temporal', 'enclosing', 'unet.down_blocks.0.motion_modules.0'),
  (3, 'motionmodule', 'temporal', 'enclosing', 'MotionModule_0'),
  (4, 'spatial_att', 'spatial', 'module', 'enc_spatial_attn'),
  (5, 'spatialatt', 'spatial', 'module', 'SpatialAttention_2'),
  (6, 'joint', 'joint', 'module', 'JointAttention_0'),
  (7, 'cross', 'cross', 'module', 'T5LayerCrossAttention_0'),
  (8, 'attn2', 'cross', 'module', 'unet.mid_block.attentions.0.transformer_blocks.0.attn2'),
  (9, 'encdec', 'cross', 'module', 'decoder.block.0.layer.1.EncDecAttention'),
  (10, 'encoder_attn', 'cross', 'module', 'model.decoder.layers.0.encoder_attn'),
  (11, 'selfatt', 'self', 'module', 'BertSelfAttention_0'),
  (12, 'self_att', 'self', 'module', 'model.layers.0.self_attn'),
  (13, 'attn1', 'self', 'module', 'unet.mid_block.attentions.0.transformer_blocks.0.attn1')
) AS words (rule_order, word, kind, scope, example)
