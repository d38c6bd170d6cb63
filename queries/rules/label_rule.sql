-- label_rule: names of ranges that other programs write, and what each range is.
--
-- Why:     many programs already label their stages and steps; only their names differ.
-- Grain:   one row per rule
-- Inputs:  none
-- Columns:
--   rule_order  order in which rules are tried; the first that matches a name decides
--   rule        program or guide that writes it
--   pattern     regular expression, found anywhere in the name; its first group, if there is one,
--               is the name of the component or module, the number of the step, or the kind of
--               attention
--   role        'component' | 'step' | 'module' | 'attention' (the module of the attention calls in
--               it) | 'request' (holds all of a request, says nothing)
--   example     a real name that it matches
SELECT
  rule_order,
  rule,
  pattern,
  role,
  example
FROM (
  VALUES
  -- examples/profiling of diffusers, and the profiler tutorial of PyTorch
  (1, 'diffusers', '^pipeline_call$', 'request', 'pipeline_call'),
  (2, 'pytorch', '^model_inference$', 'request', 'model_inference'),
  (3, 'diffusers', '^encode_(?:prompt|image)$', 'component', 'encode_prompt'),
  (
    4, 'diffusers', '^(?:unet|transformer|controlnet|prior|denoiser)_forward$', 'component',
    'transformer_forward'
  ),
  (5, 'diffusers', '^scheduler_step$', 'component', 'scheduler_step'),
  (6, 'diffusers', '^vae_(?:decode|encode)$', 'component', 'vae_decode'),
  -- sglang's diffusion engine (multimodal_gen), and engines that use the same words
  (7, 'sglang', '^stage_(\w+)$', 'component', 'stage_TextEncodingStage'),
  (8, 'sglang', '^denoising_loop$', 'component', 'denoising_loop'),
  (9, 'sglang', '^denoising_step_(\d+)(?:_|$)', 'step', 'denoising_step_12_t951'),
  (10, 'sglang', '^predict_noise$', 'module', 'predict_noise'),
  (
    11, 'sglang', '^(\w+(?:\.\w+)+) in=\[', 'module',
    'transformer.blocks.3.attn in=[[1, 4096, 3072]]'
  ),
  -- iterations of language model servers
  (12, 'sglang', '^step\[(?:\w+) bs=\d+', 'step', 'step[DECODE bs=16]'),
  (
    13, 'vllm', '^execute_(?:\d+_)?context_\d+\(.*\)_generation_\d+', 'step',
    'execute_16_context_0(sq0sk0sqsq0sqsk0)_generation_16(sq16sk8193sqsq16sqsk8193)'
  ),
  (14, 'vllm', '^gpu_model_runner: (\w+)$', 'component', 'gpu_model_runner: forward'),
  (
    15, 'tensorrt_llm', '^\[Executor\] _forward_step (\d+)', 'step',
    '[Executor] _forward_step 12: 0 ctx reqs, 0 ctx tkns, 8 gen reqs'
  ),
  -- patch-parallel diffusion
  (16, 'distrifuser', '^(self|cross)_attn::forward$', 'attention', 'cross_attn::forward')
) AS known (rule_order, rule, pattern, role, example)
