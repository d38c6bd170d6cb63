-- memory_stack: where in the program a block of a memory snapshot was allocated.
--
-- Why:     the stack and the tag are all that a snapshot knows of a block's purpose.
-- Grain:   one row per different stack and tag of a snapshot
-- Inputs:  none
-- Columns:
--   trace_id   trace.trace_id
--   stack_id   number within the trace
--   op_name    innermost operator, as its C++ function names it: 'aten::add_Tensor'; NULL if the
--              stack has none, as with stacks='python'
--   place      innermost Python line that is not torch's own, else the innermost: 'model.py(31):
--              forward'; NULL if the stack has no Python
--   component  innermost component of the tag, or the tag itself if it isn't a label; NULL if none
--   step       innermost step of the tag; NULL if none
--   module     innermost module of the tag; NULL if none
--   tag        text of torch.cuda.memory._set_memory_metadata; NULL if none
--   frames     frames, innermost first
CREATE TABLE memory_stack (
  trace_id INTEGER NOT NULL,
  stack_id BIGINT NOT NULL,
  op_name VARCHAR,
  place VARCHAR,
  component VARCHAR,
  step VARCHAR,
  module VARCHAR,
  tag VARCHAR,
  frames VARCHAR[]
);
