// The group is parted, by a pulled cable, a cut of the bus alone, or a segment in two parts, and whole again (FLV-11).
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <span>

#include "harness/conform/load/clock.hpp"
#include "harness/conform/trial.hpp"

namespace dvipa::conform {
namespace {

using namespace std::chrono_literals;
const std::string primary = "MVS1";  // of DVA1, the first of the example

const ExampleDvipa& parted(Context& context) { return context.cluster.dvipas().front(); }

void begin_options(Trial& trial) {
  trial.options().churn_per_second = 40;
  trial.options().probe_avoids = {primary};
}

lab::Result<bool> finish(Trial& trial) {
  trial.run_for(1s, "after the last fault");
  trial.recover(15s);
  return trial.finish();
}

bool owns_by(const std::string& state) { return state == "rebuilding" || state == "active" || state == "handing_over"; }

// FLV-11: by the logs, how long after `from_ns` two stacks went on owning the DVIPA; empty where it had one owner
// anyway.
std::optional<double> two_owners_ms(Context& context, const ExampleDvipa& dvipa, std::int64_t from_realtime_ns) {
  std::set<std::string> owners;
  std::optional<double> until;
  for (const LogEvent& event : context.cluster.events()) {
    if (event.event != "ownership" || event.text("dvipa") != to_string(dvipa.address)) continue;
    const bool were_two = owners.size() > 1;
    owns_by(event.text("to")) ? void(owners.insert(event.stack)) : void(owners.erase(event.stack));
    if (were_two && owners.size() == 1 && event.time_ns > from_realtime_ns)
      until = static_cast<double>(event.time_ns - from_realtime_ns) / 1e6;
  }
  return until;
}

// Once a partition has healed each of these DVIPAs has one owner again within the detection time.
void check_one_owner(Context& context, const Trial& trial, std::span<const ExampleDvipa> dvipas,
                     std::int64_t healed_ns) {
  std::vector<double> times;
  for (const ExampleDvipa& dvipa : dvipas)
    if (const auto time = two_owners_ms(context, dvipa, trial.to_realtime(healed_ns))) times.push_back(*time);
  const double limit_ms = static_cast<double>(example_detection.count());
  const std::string what = "after a partition heals one owner remains, within the detection time";
  const std::string evidence =
      fmt::format("{} of {} had two owners, and one {:.0f} ms after the healing; limit {:.0f} ms", times.size(),
                  dvipas.size(), fmt::join(times, " and "), limit_ms);
  const bool in_time = std::ranges::all_of(times, [&](double time) { return time <= limit_ms; });
  if (times.size() < dvipas.size() || (!in_time && context.result.disturbed())) {
    add_not_judged(context.result, {"FLV-11"}, what, evidence);
  } else {
    add_check(context.result, {"FLV-11"}, what, in_time, evidence);
  }
  context.result.measures.push_back({"healing to one owner", "ms", times, limit_ms});
}

// By what the client's kernel has learned.
void check_neighbour(Context& context, const ExampleDvipa& dvipa, const std::string& client = "client") {
  std::string expected;
  for (const lab::HostPlan& host : context.cluster.lab().hosts())
    if (host.name == context.cluster.owner(dvipa)) expected = lab::mac_address(host);
  const auto known = context.cluster.lab().run(client, {"ip", "neigh", "show", to_string(dvipa.address)});
  std::string text = known ? *known : known.error().what;
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.pop_back();
  add_check(context.result, {"FLV-11", "RTE-2"}, fmt::format("the {} knows {} at its one owner", client, dvipa.label),
            !expected.empty() && text.find(expected) != std::string::npos, text);
}

// Each client loses the targets of the other side.
std::vector<Death> lost_beyond(Context& context, const std::set<std::string>& far, const std::string& far_client) {
  std::vector<Address> of_near;
  std::vector<Address> of_far;
  for (const lab::HostPlan& host : context.cluster.lab().hosts())
    if (host.is_client) (host.name == far_client ? of_far : of_near) = host.addresses;
  std::vector<Death> lost;
  for (const auto& [host, server] : context.cluster.servers())
    lost.push_back({host, load::monotonic_ns(), far.contains(host) ? of_near : of_far, true});
  return lost;
}

// On each side connections to targets of that side have opened in the last second before the healing, when everybody
// has noticed the partition.
void check_opened_apart(Context& context, const Trial& trial, const std::set<std::string>& far,
                        const std::string& far_client, std::int64_t healed_ns) {
  std::vector<Address> of_far;
  for (const lab::HostPlan& host : context.cluster.lab().hosts())
    if (host.name == far_client) of_far = host.addresses;
  std::size_t near_opened = 0;
  std::size_t far_opened = 0;
  for (const load::ConnectionAccount& each : trial.account().connections) {
    if (each.begun_ns < healed_ns - 1'000'000'000 || each.opened_ns == 0 || each.opened_ns > healed_ns) continue;
    const bool from_far = std::ranges::find(of_far, each.local) != of_far.end();
    if (from_far == far.contains(each.server)) ++(from_far ? far_opened : near_opened);
  }
  add_check(context.result, {"FLV-11"}, "both sides serve their clients while they are apart",
            near_opened > 0 && far_opened > 0,
            fmt::format("{} opened on one side, {} on the other", near_opened, far_opened));
}

}  // namespace

// The client is on the side of the others: the former owner and its half of the connections are cut off.
lab::Result<void> partition(Context& context) {
  Trial trial(context);
  begin_options(trial);
  if (auto begun = trial.begin(); !begun) return begun;
  trial.run_for(1s, "all connections exchange data");
  trial.mark();
  const Death cut = context.cluster.pull_cable(primary);
  const bool succeeded = settles(context, {"FLV-1"}, primary + " is cut off");
  trial.run_for(1500ms, primary + " is cut off");
  const std::int64_t mended_ns = load::monotonic_ns();
  context.cluster.plug_cable(primary);
  const bool settled = succeeded && settles(context, {"FLV-11"}, "the partition has healed");
  trial.run_for(500ms, "the partition has healed");
  if (settled) check_neighbour(context, parted(context));
  const Span span{mended_ns, load::monotonic_ns()};
  const auto finished = finish(trial);
  if (!finished) return tl::unexpected(finished.error());
  if (!*finished || !settled) return {};
  check_one_owner(context, trial, std::span(&parted(context), 1), mended_ns);
  trial.judge_connections({cut});
  judge_gaps(context.result, trial, {span}, {primary}, forwarding_gap_ms_max,
             "the path stays open when the partition heals", {"FLV-11"});
  return {};
}

// Two clients, one on each side, and an owner of each DVIPA on each side. What a client had at a target of the other
// side is lost (FLV-12); all else goes on, also what is opened while there are two owners.
lab::Result<void> split(Context& context) {
  const std::string far_client = "client2";
  const std::set<std::string> far = {primary, "MVS2"};  // MVS3 to MVS5 are on this side
  Trial trial(context);
  begin_options(trial);
  trial.options().probe_avoids.assign(far.begin(), far.end());
  trial.also_from(far_client);
  if (auto begun = trial.begin(); !begun) return begun;
  trial.run_for(1s, "all connections exchange data");
  trial.mark();
  const std::vector<Death> lost = lost_beyond(context, far, far_client);
  std::set<std::string> beyond = far;
  beyond.insert(far_client);
  if (auto done = context.cluster.part(beyond); !done) return done;
  const bool succeeded = settles(context, {"FLV-1"}, "the segment is parted");
  trial.run_for(2000ms, "the segment is parted");
  const std::int64_t healed_ns = load::monotonic_ns();
  if (auto healed = context.cluster.part({}); !healed) return healed;
  const bool settled = succeeded && settles(context, {"FLV-11"}, "the segment is whole again");
  trial.run_for(1s, "the segment is whole again");
  for (const ExampleDvipa& dvipa : context.cluster.dvipas())
    for (const std::string& client : {std::string("client"), far_client})
      if (settled) check_neighbour(context, dvipa, client);
  const Span span{healed_ns, load::monotonic_ns()};
  const auto finished = finish(trial);
  if (!finished) return tl::unexpected(finished.error());
  if (!*finished || !settled) return {};
  check_one_owner(context, trial, context.cluster.dvipas(), healed_ns);
  check_opened_apart(context, trial, far, far_client, healed_ns);
  trial.judge_connections(lost);
  judge_gaps(context.result, trial, {span}, far, forwarding_gap_ms_max, "the path stays open when the partition heals",
             {"FLV-11"});
  return {};
}

// FLV-11 is about what is after the cut. Within it there are two views, and the backup in the larger one claims the
// DVIPA: the primary hears that on the segment and gives way, so the clients have one owner to talk to. What had the
// primary's own application as its target is lost, as with any target that the owner does not hear of (FLV-12).
lab::Result<void> bus_cut(Context& context) {
  Trial trial(context);
  begin_options(trial);
  if (auto begun = trial.begin(); !begun) return begun;
  trial.run_for(1s, "all connections exchange data");
  trial.mark();
  const Death cut{primary, load::monotonic_ns(), {}, true};
  if (auto done = context.cluster.cut_bus(primary); !done) return done;
  const bool succeeded = settles(context, {"FLV-1"}, "the bus to " + primary + " is cut");
  trial.run_for(1500ms, "the bus to " + primary + " is cut");
  if (succeeded) check_neighbour(context, parted(context));
  const std::int64_t mended_ns = load::monotonic_ns();
  if (auto done = context.cluster.mend_bus(primary); !done) return done;
  const bool settled = succeeded && settles(context, {"FLV-11"}, "the bus is whole again");
  trial.run_for(500ms, "the bus is whole again");
  if (settled) check_neighbour(context, parted(context));
  const Span span{mended_ns, load::monotonic_ns()};
  const auto finished = finish(trial);
  if (!finished) return tl::unexpected(finished.error());
  if (!*finished || !settled) return {};
  const auto gave_way = std::ranges::count_if(
      context.cluster.events(), [](const LogEvent& event) { return event.stack == primary && event.event == "rival"; });
  add_check(context.result, {"FLV-11", "RTE-2"}, "the owner that the others have left gives way on the segment",
            gave_way > 0, fmt::format("{} has given way {} times, by its log", primary, gave_way));
  trial.judge_connections({cut});
  judge_gaps(context.result, trial, {span}, {primary}, forwarding_gap_ms_max,
             "the path stays open when the bus is whole again", {"FLV-11"});
  return {};
}

}  // namespace dvipa::conform
