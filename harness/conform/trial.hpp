#pragma once
// A load on the cluster under test, recorded from its begin to its end, and the judgements that scenarios share.
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/conform/judge.hpp"
#include "harness/conform/load/gap.hpp"
#include "harness/conform/recorder.hpp"
#include "harness/conform/scenario.hpp"

namespace dvipa::conform {

inline constexpr double forwarding_gap_ms_max = 20;

void add_check(ScenarioResult& result, std::vector<std::string> requirements, std::string what, bool holds,
               std::string evidence);
void add_not_judged(ScenarioResult& result, std::vector<std::string> requirements, std::string what, std::string why);

// Waits until the cluster has settled; false, with a failed check, when it does not in time.
bool settles(Context& context, const std::vector<std::string>& requirements, const std::string& when);

// How long no probe got through; 0 when none was lost.
struct PathGap {
  double ms = 0;
  double paused_ms = 0;  // of it, the load itself did not run
  // A gap that a pause of the whole machine may have made is no verdict about the path.
  Verdict verdict(double limit_ms) const;
};

class Trial {
 public:
  explicit Trial(Context& context);

  // What a scenario changes of it.
  load::ClientOptions& options() { return options_; }
  // The same load, but for probes, from this client as well.
  void also_from(const std::string& client) { clients_.push_back(client); }

  // Starts the recorder and the load, and waits until all its connections are open; adds a check that they are.
  lab::Result<void> begin(Recorder::What what = Recorder::What::outline);
  void run_for(std::chrono::milliseconds time, const std::string& doing);
  // From here on waits are of the next fault.
  void mark();
  // Until no connection waits any longer, which those of a dead target may do up to `limit`.
  void recover(std::chrono::milliseconds limit);
  // Ends load, applications and recorder, and reads what they have seen. False, with a failed check, when the load
  // died.
  lab::Result<bool> finish();

  // Counts and checks every connection (FLV-4, FLV-12), and that no byte was wrong.
  void judge_connections(const std::vector<Death>& deaths, JudgeOptions options = {});

  const load::Account& account() const { return account_; }
  const Sightings& sightings() const { return sightings_; }
  std::int64_t to_realtime(std::int64_t monotonic_ns) const { return monotonic_ns + realtime_minus_monotonic_ns_; }

  // Around a fault, among connections whose target is not in `dead`.
  PathGap forwarding_gap(std::size_t dvipa, std::int64_t from_ns, std::int64_t to_ns,
                         const std::set<std::string>& dead) const;
  double longest_hold_ms(std::size_t dvipa, std::int64_t from_ns, std::int64_t to_ns,
                         const std::set<std::string>& dead) const;
  // The longest wait of each steady connection in the window that began last before `from_ns`.
  std::vector<double> application_gaps_ms(std::int64_t from_ns, const std::set<std::string>& dead) const;

 private:
  std::vector<load::Probe> probes_of_living(std::size_t dvipa, const std::set<std::string>& dead) const;
  lab::Result<void> start_load(const std::string& client);
  bool running();
  Load::Progress progress(std::chrono::milliseconds limit);

  Context& context_;
  load::ClientOptions options_;
  std::vector<std::string> clients_ = {"client"};
  std::optional<Recorder> recorder_;
  std::vector<Load> loads_;  // of each client
  load::Account account_;
  std::vector<Server::Account> servers_;
  Sightings sightings_;
  std::int64_t realtime_minus_monotonic_ns_ = 0;
};

// CLOCK_MONOTONIC
struct Span {
  std::int64_t from_ns = 0;
  std::int64_t to_ns = 0;
};
// Checks for how long the path to the first DVIPA was shut in each span, among targets that are not in `dead`; what
// falls into a standstill of this host is not judged.
void judge_gaps(ScenarioResult& result, const Trial& trial, const std::vector<Span>& spans,
                const std::set<std::string>& dead, double limit_ms, const std::string& what,
                const std::vector<std::string>& requirements);

// When the successor did what, in ms after the fault; by the logs.
struct TakeoverTimes {
  std::optional<double> detection;
  std::optional<double> advertised;
  std::optional<double> active;
  std::optional<double> rebuild;  // how long it took by itself
};
TakeoverTimes takeover_times(const std::vector<LogEvent>& events, const ExampleDvipa& dvipa, const std::string& victim,
                             const std::string& successor, std::int64_t fault_realtime_ns);

// The measures of one or several takeovers.
class TakeoverMeasures {
 public:
  void add(const TakeoverTimes& times);
  void report(ScenarioResult& result) const;

 private:
  std::vector<double> detection_, advertised_, active_, rebuild_;
};

}  // namespace dvipa::conform
