// Facts of one slice as a list: who asked for it, what it is, what it costs, and its equals.
import { amount, bytes, duration, make, percent } from "./core.js";

const SOURCE = {
  label: "a label", python_module: "the module's frame", annotation: "a range of the program",
  operator: "the operator", kernel_name: "the kernel's name", attention: "the attention call",
  user_rule: "your own rule", repeat: "counting calls", graph_annotation: "the name of its graph node",
};
const because = (source, rule) => {
  const said = SOURCE[source] ?? source;
  return said && said !== "none" ? `by ${said}${rule ? `: ${rule}` : ""}` : null;
};

// How the length is known, if it was not measured on a device.
const known = ({ time_source: source, marked }) => marked ?? (source === "gpu" ? null : source);

// Rows of [what, value, note]; rows without a value are left out.
function workRows(facts) {
  const attention = facts.attention_kind && `${facts.attention_kind}, ${facts.attention_role}`;
  const lengths = facts.query_len && `${facts.query_len} × ${facts.kv_len}, ${facts.heads ?? "?"} head${facts.heads === 1 ? "" : "s"} of ${facts.head_dim ?? "?"}`;
  return [
    ["length", duration(facts.dur_ns), known(facts)],
    ["component", facts.component, because(facts.component_source)],
    ["step", facts.step],
    ["module", facts.module, facts.module_class],
    ["class", facts.category, because(facts.category_source, facts.category_rule)],
    ["attention", attention, lengths],
    ["operators", facts.operator_chain],
    ["Python", facts.python_frame],
    ["shapes", facts.input_dims, facts.input_types],
    ["launched by", facts.launch_call, facts.launch_delay_ns === null ? null : `${duration(facts.launch_delay_ns)} before it started`],
    ["FLOPs", facts.flops ? amount(facts.flops) : null, facts.flops ? `${amount((facts.flops / facts.dur_ns) * 1e9, "FLOP/s")}, ${percent(facts.flops_frac)} of the peak` : null],
    ["bytes", facts.bytes ? bytes(facts.bytes) : null, facts.bytes ? `${bytes((facts.bytes / facts.dur_ns) * 1e9)}/s, ${percent(facts.bytes_frac)} of the bandwidth` : null],
    ["launch", facts.grid && `grid ${facts.grid}, block ${facts.block}`, facts.registers !== null && facts.grid ? `${facts.registers} registers, ${bytes(facts.shared_bytes)} shared` : null],
    ["occupancy", facts.occupancy_frac === null ? null : percent(facts.occupancy_frac), facts.warps_per_sm === null ? null : `${amount(facts.warps_per_sm)} warps, ${amount(facts.blocks_per_sm)} blocks for each SM`],
    ["graph node", facts.annotation ?? facts.graph_node_id],
    ["stream", facts.device_id === null || facts.device_id < 0 ? null : `device ${facts.device_id}${facts.stream_id === null ? "" : `, stream ${facts.stream_id}`}`, hardware(facts)],
  ];
}

const hardware = (facts) => [["priority", facts.priority], ["context", facts.context_id], ["channel", facts.channel_id]]
  .filter(([, value]) => value !== null).map(([what, value]) => `${what} ${value}`).join(", ") || null;

function hostRows(facts) {
  return [
    ["length", duration(facts.dur_ns), facts.self_ns === null ? null : `${duration(facts.self_ns)} of it its own`],
    ["kind", facts.kind, facts.args],
    ["shapes", facts.input_dims, facts.input_types],
    ["kernels", facts.kernel_count ? amount(facts.kernel_count) : "none", facts.kernel_count ? `launched while it ran; ${duration(facts.kernel_ns)} on the device` : null],
    ["thread", `${facts.process_id}/${facts.thread_id}`],
  ];
}

function copyRows(facts) {
  return [
    ["length", duration(facts.dur_ns)],
    ["kind", facts.kind, facts.host_memory],
    ["size", facts.size_bytes === null ? null : bytes(facts.size_bytes), facts.bytes_per_s === null ? null : `${bytes(facts.bytes_per_s)}/s`],
    ["stream", `device ${facts.device_id}${facts.stream_id === null ? "" : `, stream ${facts.stream_id}`}`],
  ];
}

// What the operator's work should have taken by its shapes, which is known later.
export function expectedOf(found) {
  const interval = ` (${duration(found.op_expected_low_ns)} to ${duration(found.op_expected_high_ns)})`;
  const note = `${interval} for all work of its operator, by its shapes; kernels only, without host gaps`;
  return [make("dt", {}, "expected"), make("dd", {}, make("span", {}, duration(found.op_expected_ns)), make("small", {}, note))];
}

// Calls of the same shape, which are known later too.
export function sameOf(same) {
  const spread = same.work_count > 1 ? ` ${duration(same.min_ns)} · median ${duration(same.median_ns)} · ${duration(same.max_ns)}; this one is number ${same.rank}` : "";
  return [make("dt", {}, "same shape"), make("dd", {}, make("span", {}, `${amount(same.work_count)} call${same.work_count === 1 ? "" : "s"}, ${duration(same.work_ns)}`), make("small", {}, spread))];
}

// The panel's content; `links` are [text, function] for buttons.
export function factsOf(kind, facts, links) {
  const rows = kind === "copy" ? copyRows(facts) : ["operator", "call", "range"].includes(kind) ? hostRows(facts) : workRows(facts);
  const list = make("dl", { class: "facts" });
  for (const [what, value, note] of rows) {
    if (value === null || value === undefined || value === "") continue;
    list.append(make("dt", {}, what), make("dd", {}, make("span", {}, String(value)), note ? make("small", {}, ` ${note}`) : null));
  }
  return [
    make("h2", { class: "name short", title: facts.name, onclick: (event) => event.target.classList.toggle("short") }, facts.name),
    make("p", { class: "links" }, ...links.map(([text, act]) => make("button", { onclick: act }, text))),
    list,
  ];
}
