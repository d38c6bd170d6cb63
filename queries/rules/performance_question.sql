-- performance_question: the questions that a performance engineer asks first of a trace.
--
-- Why:     they are those of the profiling checklist of diffusers; a yes is good for all of them.
-- Grain:   one row per question
-- Inputs:  none
-- Columns:
--   question_order  1 for the first
--   fact            the fact of performance_check that answers it
--   question        the question
--   unit            of the fact and of its threshold: 'frac' | 'ns' | 'count'
--   value_words     what the value is: words that follow it
--   is_least        true if the fact must be at least its threshold, false if at most
SELECT
  question_order,
  fact,
  question,
  unit,
  value_words,
  is_least
FROM (
  VALUES
  (
    1, 'busy', 'Is the device busy?', 'frac', 'of the time from its first event to its last', TRUE
  ),
  (
    2, 'waits', 'Does the loop run without waiting for the device?', 'count', 'waits of one kind',
    FALSE
  ),
  (3, 'scheduler', 'Is the scheduler a small part of the run?', 'frac', 'of the span', FALSE),
  (4, 'kernels', 'Does a step launch few kernels?', 'count', 'launches a step', FALSE),
  (5, 'launch', 'Are launches fast?', 'ns', 'for a median call', FALSE),
  (6, 'memory', 'Is memory flat?', 'frac', 'growth', FALSE)
) AS known (question_order, fact, question, unit, value_words, is_least)
