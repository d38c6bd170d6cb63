-- trace_event: events of a Chrome trace that no other table keeps, as recorded.
--
-- Why:     vendors keep adding categories and arguments; this table keeps what the others don't.
-- Grain:   one row per event of a category that has no table; with `--args`, per event that was
--          read (without flow arrows, and without Python frames unless requested)
-- Inputs:  none
-- Columns:
--   trace_id    trace.trace_id
--   phase       'X' complete, 'i' instant, 'M' metadata, 'C' counter, ...
--   category    as recorded; NULL if absent
--   name        as recorded
--   process_id  process, or the device of a device event, as text
--   thread_id   thread, or the stream of a device event, as text
--   start_ns    ns from the trace's base; NULL if the event has no time
--   dur_ns      ns as recorded; NULL if the event has no length
--   args        JSON object of the event's arguments; NULL if it has none, or without `--args`,
--               except for the category 'cuda_sync'
CREATE TABLE trace_event (
  trace_id INTEGER NOT NULL,
  phase VARCHAR,
  category VARCHAR,
  name VARCHAR NOT NULL,
  process_id VARCHAR,
  thread_id VARCHAR,
  start_ns BIGINT,
  dur_ns BIGINT,
  args JSON
);
