// A scenario as text that reads back as the same.
#include <fmt/format.h>

#include "harness/world/reader.hpp"

namespace dvipa::world {
namespace {

std::string rate_text(PerMillion rate) { return fmt::format("{}%", rate / static_cast<double>(percent)); }

std::string time_text(Micros time) {
  if (time % (1000 * ms) == 0) return fmt::format("{}s", time / (1000 * ms));
  return time % ms == 0 ? fmt::format("{}ms", time / ms) : fmt::format("{}us", time);
}

std::string moveable_text(Moveable moveable) {
  for (const MoveableName& each : moveable_names)
    if (each.moveable == moveable) return fmt::format(" moveable {}", each.word);
  return {};
}

class Writer {
 public:
  explicit Writer(const Scenario& scenario) : scenario_(scenario) {}

  std::string text() {
    out_ = fmt::format("{}\n", scenario_heading);
    if (!scenario_.covers.empty()) out_ += fmt::format("covers {}\n", fmt::join(scenario_.covers, " "));
    settings();
    for (const auto& [dvipa_name, address] : scenario_.dvipas) dvipa(dvipa_name, address);
    for (const auto& [dvipa_name, address] : scenario_.dvipas) range(dvipa_name, address);
    out_ += '\n';
    for (const ScenarioLine& line : scenario_.lines) {
      if (line.at) out_ += fmt::format("at {} ", time_text(*line.at));
      out_ += std::visit([&](const auto& what) { return text_of(what); }, line.what) + '\n';
    }
    return std::move(out_);
  }

 private:
  static std::string stack(StackId id) { return fmt::format("S{}", id.value); }
  std::string name(const Address& address) const {
    for (const auto& [dvipa_name, each] : scenario_.dvipas)
      if (each == address) return dvipa_name;
    return to_string(address);
  }

  void settings() {
    const Settings& s = scenario_.settings;
    out_ += fmt::format("cluster {} clients {}\nseed {}\n", s.stacks, s.clients, s.seed);
    if (s.frame_loss != 0 || s.frame_twice != 0 || s.frame_late != 0)
      out_ += fmt::format("network loss {} twice {} late {}\n", rate_text(s.frame_loss), rate_text(s.frame_twice),
                          rate_text(s.frame_late));
    if (s.codec) out_ += "bus encoded\n";
    if (s.lists_to_concerned) out_ += "lists concerned\n";
    if (s.crash_is_silent != Settings{}.crash_is_silent)
      out_ += fmt::format("silent-crashes {}\n", rate_text(s.crash_is_silent));
    for (const MutantName& each : mutant_names)
      if (each.mutant == s.mutant) out_ += fmt::format("mutant {}\n", each.name);
  }

  static std::string text_of(const Distribution& distribution) {
    std::string text = " targets";
    if (distribution.targets.is_all()) text += " all";
    for (const Address& each : distribution.targets.xcf_addresses) text += fmt::format(" S{}", each.bytes[15]);
    text += " ports";
    if (distribution.ports.is_every_port()) text += " every";
    for (const PortRange& each : distribution.ports.ranges)
      for (unsigned port = each.first; port <= each.last; ++port) text += fmt::format(" {}", port);
    for (const MethodName& each : method_names)
      if (each.method == distribution.method && each.method != DistMethod::round_robin)
        text += fmt::format(" method {}", each.word);
    if (distribution.affinity_s != 0) text += fmt::format(" affinity {}", distribution.affinity_s);
    return text;
  }

  void dvipa(const std::string& dvipa_name, const Address& address) {
    std::string own;
    std::string common;
    out_ += fmt::format("dvipa {} {}", dvipa_name, to_string(address));
    for (std::size_t n = 1; n <= scenario_.profiles.size(); ++n) {
      for (const DvipaDefinition& each : scenario_.profiles[n - 1].dvipas) {
        if (each.dvipa != address) continue;
        if (each.part == Part::primary) {
          out_ += fmt::format(" primary S{}", n);
          if (each.moveable != Moveable::immediate) out_ += moveable_text(each.moveable);
          if (each.distribution) common = text_of(*each.distribution);
        } else {
          out_ += fmt::format(" backup S{} rank {}", n, each.rank);
          if (each.distribution)
            own += fmt::format("distribution {} at S{}{}\n", dvipa_name, n, text_of(*each.distribution));
        }
      }
    }
    out_ += common + '\n' + own;
  }

  void range(const std::string& dvipa_name, const Address& address) {
    std::map<Moveable, std::string> at;
    for (std::size_t n = 1; n <= scenario_.profiles.size(); ++n)
      for (const RangeDefinition& each : scenario_.profiles[n - 1].ranges)
        if (each.network == address) at[each.moveable] += fmt::format(" S{}", n);
    for (const auto& [moveable, stacks] : at)
      out_ += fmt::format("range {} at{}{}\n", dvipa_name, stacks, moveable_text(moveable));
  }

  std::string text_of(const Command& c) const;
  std::string listener(const Command& c) const {
    return fmt::format("{} {}{}", stack(c.stack), c.port, c.address.is_none() ? "" : " on " + name(c.address));
  }
  static std::string sides(const Sides& sides);
  std::string definition(const Command& c) const;

  std::string text_of(const Expectation& e) const {
    using Kind = Expectation::Kind;
    const std::string of_dvipa = name(e.dvipa) + " " + (e.stack ? stack(e.stack) : "nobody");
    switch (e.kind) {
      case Kind::owner:
        return "expect owner " + of_dvipa;
      case Kind::advertiser:
        return "expect advertiser " + of_dvipa;
      case Kind::state:
        return "expect state " + of_dvipa + " " + e.word;
      case Kind::routes:
        return fmt::format("expect routes {} {}", of_dvipa, e.count);
      case Kind::listeners:
        return fmt::format("expect listeners {} {}", of_dvipa, e.count);
      case Kind::hidden:
        return "expect hidden " + of_dvipa;
      case Kind::not_hidden:
        return "expect not hidden " + of_dvipa;
      case Kind::answer:
        return "expect answer " + of_dvipa + " " + e.word;
      case Kind::connection:
        return fmt::format("expect c{} {}", e.connection, e.word);
      case Kind::target:
        return fmt::format("expect c{} at {}", e.connection, stack(e.stack));
      case Kind::acknowledged:
        return fmt::format("expect c{} acknowledged {}", e.connection, e.count);
    }
    return {};
  }

  const Scenario& scenario_;
  std::string out_;
};

std::string Writer::text_of(const Command& c) const {
  static constexpr const char* of_stack[] = {"start",  "kill", "stop", "pause",
                                             "resume", "slow", "jump", "kill-process"};
  switch (c.verb) {
    case Verb::start:
    case Verb::kill:
    case Verb::stop:
    case Verb::pause:
    case Verb::resume:
    case Verb::kill_process:
      return fmt::format("{} {}", of_stack[static_cast<unsigned>(c.verb)], stack(c.stack));
    case Verb::slow:
    case Verb::jump:
      return fmt::format("{} {} {}", of_stack[static_cast<unsigned>(c.verb)], stack(c.stack), time_text(c.amount));
    case Verb::capacity:
      return fmt::format("capacity {} {}", stack(c.stack), c.amount);
    case Verb::weight:
      return fmt::format("weight {} {} {} {}", stack(c.stack), name(c.address), stack(c.other),
                         c.amount < 0 ? "default" : std::to_string(c.amount));
    case Verb::activate:
      return fmt::format("activate {} {}{}", stack(c.stack), name(c.address), c.amount != 0 ? " by operator" : "");
    case Verb::define:
      return definition(c);
    case Verb::listen:
      return "listen " + listener(c);
    case Verb::close_listener:
      return "close " + listener(c);
    case Verb::abort_application:
      return "abort " + listener(c);
    case Verb::connect:
      return fmt::format("connect c{} to {} {} from client{}", c.connection, name(c.address), c.port, c.client + 1);
    case Verb::send:
      return fmt::format("send c{} {}", c.connection, c.amount);
    case Verb::close:
      return fmt::format("close c{}", c.connection);
    case Verb::abort:
      return fmt::format("abort c{}", c.connection);
    case Verb::stale:
      return fmt::format("stale client{} {} {}", c.client + 1, name(c.address), stack(c.stack));
    case Verb::partition:
      return sides(c.sides);
    case Verb::one_way:
      return fmt::format("one-way {} -> {}", stack(c.stack), stack(c.other));
    case Verb::keep_back:
      return fmt::format("keep-back {} -> {}", stack(c.stack), stack(c.other));
    case Verb::deliver:
      return fmt::format("deliver {} -> {}{}", stack(c.stack), stack(c.other),
                         c.amount == 0 ? "" : fmt::format(" {}", c.amount));
    case Verb::heal:
      return "heal";
    case Verb::drop:
      return "drop";
    case Verb::settle:
      return "settle";
    case Verb::run:
      return "run " + time_text(c.amount);
  }
  return {};
}

std::string Writer::sides(const Sides& sides) {
  std::string text = "partition";
  for (std::size_t side = 0; side < sides.members.size(); ++side) {
    if (side != 0) text += " |";
    for (unsigned bit = 0; bit < 64; ++bit) {
      if ((sides.members[side] >> bit & 1U) != 0) text += fmt::format(" S{}", bit);
      if ((sides.clients[side] >> bit & 1U) != 0) text += fmt::format(" client{}", bit + 1);
    }
  }
  return text;
}

std::string Writer::definition(const Command& c) const {
  const DvipaDefinition& made = *c.definition;
  std::string text = fmt::format("define {} {}", stack(c.stack), name(made.dvipa));
  text += made.part == Part::primary ? " primary" : made.part == Part::none ? " none" : "";
  if (made.moveable != Moveable::immediate) text += moveable_text(made.moveable);
  if (made.part == Part::backup) text += fmt::format(" backup rank {}", made.rank);
  return text + (made.distribution ? text_of(*made.distribution) : "");
}

}  // namespace

std::string write_scenario(const Scenario& scenario) { return Writer(scenario).text(); }

}  // namespace dvipa::world
