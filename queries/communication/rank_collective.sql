-- rank_collective: the collectives of a job, matched over its ranks (242 lines because of groups).
--
-- Why:     a collective takes as long as its last rank lets it. The rank that arrives last spends
--          the least time in it, so the wait of the others follows from durations, without a common
--          clock. Collectives of a process group are matched by their order, so every rank of it
--          must have all of them, and if they are numbered, the numbers must agree.
-- Grain:   one row per (job, process_group, ordinal, trace_id); a job is the traces of one folder
--          with one world size, of at least two ranks
-- Inputs:  trace, communication
-- Kept:    view
-- Columns:
--   job               folder of the traces, without a folder host=NAME, see trace_host
--   process_group     see communication; all of a job are one group if unknown
--   ordinal           place among the rank's collectives of the group by start, from 0
--   collective        see communication
--   message_bytes     see communication
--   trace_id          trace.trace_id
--   rank              trace.rank
--   kernel_id         kernel.kernel_id
--   start_ns          ns since 1970 by the rank's clock, less its offset if the clocks differ; NULL
--                     if that is unknown
--   dur_ns            ns
--   transfer_ns       ns, the shortest duration over the ranks: the time without waiting, or an
--                     upper bound if ranks are missing; this and the next are NULL if refused
--   wait_ns           ns, dur_ns - transfer_ns
--   start_skew_ns     ns from the first rank's start to the last one's; NULL if an offset is
--                     unknown
--   end_skew_ns       ns from the first rank's end to the last one's
--   straggler_rank    the rank with the shortest duration; NULL if two are equal or ranks are
--                     missing
--   clock_offset_ns   ns, median of its ends minus those of the lowest rank; 0 if one clock is
--                     used; NULL if it shares no group with that rank
--   refusal           why the ranks can't be matched; NULL if they can
-- Never:   WHERE wait_ns < 0 OR start_skew_ns < 0 OR end_skew_ns < 0
WITH member AS (
  SELECT
    trace_id,
    regexp_replace(parse_dirpath(path), '/host=[^/]+', '') AS job,
    rank,
    coalesce(world_size, 0) AS world_size,
    coalesce(base_unix_ns, 0) AS base_ns
  FROM trace
  WHERE rank IS NOT NULL
),

job AS (
  SELECT
    job,
    world_size,
    count(*) AS rank_count,
    count(*) < world_size AS is_partial,
    min(rank) AS first_rank,
    count(DISTINCT rank) < count(*) AS has_double
  FROM member
  GROUP BY job, world_size
  HAVING count(*) > 1
),

called AS (
  SELECT
    member.job,
    member.world_size,
    member.rank,
    communication.trace_id,
    communication.kernel_id,
    communication.collective,
    communication.message_bytes,
    coalesce(communication.process_group, '') AS process_group,
    communication.group_size,
    communication.sequence_number,
    member.base_ns + communication.start_ns AS start_ns,
    communication.dur_ns,
    row_number() OVER (
      PARTITION BY communication.trace_id, communication.process_group
      ORDER BY communication.start_ns, communication.kernel_id
    ) - 1 AS ordinal
  FROM communication
  INNER JOIN member USING (trace_id)
  SEMI JOIN job ON member.job = job.job AND member.world_size = job.world_size
),

-- of a group that is not named, all ranks are members
member_group AS (
  SELECT
    job,
    world_size,
    process_group,
    any_value(job.is_partial) AS lacks_ranks,
    if(process_group = '', any_value(job.rank_count), count(DISTINCT trace_id)) AS member_count,
    CASE
      WHEN process_group = '' THEN greatest(world_size, member_count)
      ELSE coalesce(max(group_size), if(lacks_ranks, NULL, member_count))
    END AS size
  FROM called
  INNER JOIN job USING (job, world_size)
  GROUP BY job, world_size, process_group
),

timed AS (
  SELECT
    *,
    -- pairs that send and receive count for themselves
    if(process_group <> '' AND collective <> 'send_recv', sequence_number, NULL) AS number,
    min(dur_ns) OVER (PARTITION BY job, world_size, process_group, ordinal) AS least_ns
  FROM called
),

-- what the ranks of one collective disagree about
instance AS (
  SELECT
    job,
    world_size,
    process_group,
    ordinal,
    count(*) AS rank_count,
    min(dur_ns) AS transfer_ns,
    if(
      count(*) FILTER (WHERE dur_ns = least_ns) = 1, arg_min(rank, dur_ns), NULL
    ) AS shortest_rank,
    count(DISTINCT collective) > 1 AS is_mixed,
    min(collective) <> 'all_to_all' AND count(DISTINCT message_bytes) > 1 AS is_uneven,
    count(DISTINCT number) > 1 AS is_shifted
  FROM timed
  GROUP BY job, world_size, process_group, ordinal
),

judged AS (
  SELECT
    job,
    world_size,
    CASE
      WHEN bool_or(job.has_double) THEN 'two traces of the job are of one rank'
      WHEN bool_or(member_group.member_count > member_group.size)
        THEN 'a process group has more ranks than its size'
      WHEN bool_or(member_group.member_count < member_group.size AND NOT member_group.lacks_ranks)
        THEN 'a rank holds no collective of a process group'
      WHEN bool_or(instance.rank_count < member_group.member_count)
        THEN
          'a rank holds only '
          || count(*) FILTER (WHERE instance.rank_count = member_group.member_count)
          || ' of ' || count(*) || ' collectives'
      WHEN bool_or(instance.is_mixed) THEN 'the ranks run different collectives at one place'
      WHEN bool_or(instance.is_uneven) THEN 'the ranks send different sizes at one place'
      WHEN bool_or(instance.is_shifted) THEN 'the ranks are at different calls at one place'
    END AS refusal
  FROM instance
  INNER JOIN job USING (job, world_size)
  INNER JOIN member_group USING (job, world_size, process_group)
  GROUP BY job, world_size
),

lowest AS (
  SELECT
    called.job,
    called.world_size,
    called.process_group,
    called.ordinal,
    called.start_ns + called.dur_ns AS end_ns
  FROM called
  INNER JOIN job USING (job, world_size)
  WHERE called.rank = job.first_rank
),

offset_of AS (
  SELECT
    called.trace_id,
    quantile_disc(called.start_ns + called.dur_ns - lowest.end_ns, 0.5) AS offset_ns
  FROM called
  INNER JOIN lowest USING (job, world_size, process_group, ordinal)
  GROUP BY called.trace_id
),

skewed AS (
  SELECT
    job,
    world_size,
    ordinal,
    max(start_ns + dur_ns) - min(start_ns + dur_ns) AS end_skew_ns,
    min(dur_ns) AS least_ns
  FROM called
  GROUP BY job, world_size, process_group, ordinal
  HAVING count(*) > 1
),

clock AS (
  SELECT
    job,
    world_size,
    count(*) FILTER (WHERE end_skew_ns <= least_ns) * 2 > count(*) AS is_one
  FROM skewed
  GROUP BY job, world_size
),

aligned AS (
  SELECT
    called.*,
    -- unknown if it shares no group with the lowest rank
    if(coalesce(clock.is_one, TRUE), 0, offset_of.offset_ns) AS clock_offset_ns,
    called.start_ns - clock_offset_ns AS aligned_ns,
    judged.refusal
  FROM called
  LEFT JOIN clock USING (job, world_size)
  INNER JOIN judged USING (job, world_size)
  LEFT JOIN offset_of USING (trace_id)
)

SELECT
  aligned.job,
  nullif(aligned.process_group, '') AS process_group,
  aligned.ordinal,
  aligned.collective,
  aligned.message_bytes,
  aligned.trace_id,
  aligned.rank,
  aligned.kernel_id,
  aligned.aligned_ns AS start_ns,
  aligned.dur_ns,
  if(aligned.refusal IS NULL, instance.transfer_ns, NULL) AS transfer_ns,
  if(aligned.refusal IS NULL, aligned.dur_ns - instance.transfer_ns, NULL) AS wait_ns,
  if(
    aligned.refusal IS NULL AND count(aligned.aligned_ns) OVER same = instance.rank_count,
    max(aligned.aligned_ns) OVER same - min(aligned.aligned_ns) OVER same,
    NULL
  ) AS start_skew_ns,
  if(
    aligned.refusal IS NULL AND count(aligned.aligned_ns) OVER same = instance.rank_count,
    max(aligned.aligned_ns + aligned.dur_ns) OVER same
    - min(aligned.aligned_ns + aligned.dur_ns) OVER same,
    NULL
  ) AS end_skew_ns,
  if(
    aligned.refusal IS NULL AND member_group.member_count = member_group.size,
    instance.shortest_rank, NULL
  ) AS straggler_rank,
  aligned.clock_offset_ns,
  aligned.refusal
FROM aligned
INNER JOIN instance USING (job, world_size, process_group, ordinal)
INNER JOIN member_group USING (job, world_size, process_group)
WINDOW same AS (
  PARTITION BY aligned.job, aligned.world_size, aligned.process_group, aligned.ordinal
)
