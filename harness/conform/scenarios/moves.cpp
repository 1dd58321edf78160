// DVA1 moves from stack to stack under load, by profiles that are changed while they run and by the operator: both ends
// live, so nothing is lost and nobody waits.
#include <fmt/core.h>
#include <poll.h>

#include <array>
#include <fstream>

#include "harness/conform/load/clock.hpp"
#include "harness/conform/trial.hpp"

namespace dvipa::conform {
namespace {

using namespace std::chrono_literals;
constexpr double move_gap_ms_max = 5;  // both stacks live
constexpr auto move_limit = 10s;

const ExampleDvipa& moved(Context& context) { return context.cluster.dvipas().front(); }

bool owns(Context& context, const std::string& host) {
  const std::int64_t until = load::monotonic_ns() + std::chrono::nanoseconds(move_limit).count();
  while (context.cluster.owner(moved(context)) != host) {
    if (load::monotonic_ns() > until) return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

// What is to be done on a host, and who owns DVA1 then.
struct Move {
  std::string host;
  std::vector<std::string> words;
  std::string owner;
};

// The profile, to be obeyed by a stack that runs: it becomes the newest primary of DVA1.
lab::Result<std::vector<std::string>> definition(Context& context) {
  const Address& address = moved(context).address;
  const std::string file = context.folder + "/moveable.profile";
  std::ofstream profile(file);
  profile << fmt::format("VIPADYNAMIC\n VIPADEFINE MOVEABLE IMMEDIATE {} {}\nENDVIPADYNAMIC\n",
                         address.is_v4() ? "255.255.255.0" : "/64", to_string(address));
  profile.close();
  if (!profile) return lab::failure("write " + file, ENOSPC);
  return std::vector<std::string>{"--obey", file};
}

Move activation(Context& context, const std::string& host) {
  return {host, {"sysplex", "activate," + to_string(moved(context).address)}, host};
}

// Plays the moves under load and judges that nothing was lost.
lab::Result<void> play(Context& context, const std::vector<Move>& moves, const std::vector<std::string>& requirements) {
  Trial trial(context);
  trial.options().churn_per_second = 40;
  if (auto begun = trial.begin(); !begun) return begun;
  trial.run_for(1s, "all connections exchange data");
  std::vector<Span> spans;
  std::size_t stayed = 0;
  for (const Move& move : moves) {
    const std::string doing = fmt::format("move {} of {}: to {}", spans.size() + 1, moves.size(), move.owner);
    trial.mark();
    const std::int64_t begun_ns = load::monotonic_ns();
    const auto answer = context.cluster.operate(move.host, move.words);
    if (answer && !*answer) {
      add_not_judged(context.result, requirements, "the DVIPA moves", "the implementation has no operator's command");
      break;
    }
    const bool done = answer && owns(context, move.owner);
    if (!done) {
      add_check(context.result, requirements, "the DVIPA moves", false,
                fmt::format("{}: {}", doing, answer ? "nobody or another owns it" : answer.error().what));
      break;
    }
    trial.run_for(400ms, doing);
    spans.push_back({begun_ns, load::monotonic_ns()});
    stayed += context.cluster.owner(moved(context)) == move.owner ? 1 : 0;
  }
  trial.run_for(500ms, "after the last move");
  trial.recover(15s);
  const auto finished = trial.finish();
  if (!finished) return tl::unexpected(finished.error());
  if (!*finished || spans.empty()) return {};
  add_check(context.result, requirements, "every move ends where it should", spans.size() == moves.size(),
            fmt::format("{} of {}", spans.size(), moves.size()));
  add_check(context.result, requirements, "a DVIPA that has moved stays there", stayed == spans.size(),
            fmt::format("{} of {}", stayed, spans.size()));
  trial.judge_connections({});
  judge_gaps(context.result, trial, spans, {}, move_gap_ms_max, "the path stays open through the moves", requirements);
  if (const auto ended = context.cluster.unexpected_end())
    add_check(context.result, {}, "no stack ends", false, *ended);
  return {};
}

}  // namespace

lab::Result<void> there_and_back(Context& context) {
  const auto defined = definition(context);
  if (!defined) return tl::unexpected(defined.error());
  std::vector<Move> moves = {{"MVS2", *defined, "MVS2"}, activation(context, "MVS1")};
  for (unsigned number = 1; number < context.options.rounds; ++number) {
    moves.push_back(activation(context, "MVS2"));
    moves.push_back(activation(context, "MVS1"));
  }
  return play(context, moves, {"MOV-2", "MOV-5", "CFG-7"});
}

lab::Result<void> chain_of_moves(Context& context) {
  const auto defined = definition(context);
  if (!defined) return tl::unexpected(defined.error());
  std::vector<Move> moves;
  for (const char* host : {"MVS2", "MVS3", "MVS4"}) moves.push_back({host, *defined, host});
  constexpr std::array hosts = {"MVS1", "MVS2", "MVS3", "MVS4"};
  for (unsigned number = 0; number < context.options.rounds; ++number)
    moves.push_back(activation(context, hosts.at(number % hosts.size())));
  return play(context, moves, {"MOV-2", "MOV-4", "MOV-5"});
}

lab::Result<void> deactivated(Context& context) {
  const std::string address = to_string(moved(context).address);
  const ExampleDvipa& dvipa = moved(context);
  std::vector<Move> moves;
  for (unsigned number = 0; number < context.options.rounds; ++number) {
    moves.push_back({dvipa.primary, {"sysplex", "deactivate," + address}, dvipa.backup});
    moves.push_back({dvipa.primary, {"sysplex", "reactivate," + address}, dvipa.primary});
  }
  return play(context, moves, {"MOV-7"});
}

}  // namespace dvipa::conform
