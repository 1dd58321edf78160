// What the operator asks of a live stack, and the answers: each says what was done, or why not.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "impl/live/shell/metrics.hpp"
#include "impl/live/shell/running_stack.hpp"

namespace dvipa {
namespace {

using namespace std::chrono_literals;
using control::Answer;

// A hand-over takes milliseconds, and a leave that nobody answers to is over after its limit.
constexpr auto answer_after_max = 10s;

nlohmann::ordered_json done(const std::string& what) { return {{"ok", true}, {"done", what}}; }

// For the log; whoever asks may have put anything there.
nlohmann::ordered_json what_is_asked(const nlohmann::ordered_json& json) {
  nlohmann::ordered_json asked = nlohmann::ordered_json::object();
  for (const char* name : {"command", "dvipa", "port", "file", "target", "weight"})
    if (const auto member = json.find(name); member != json.end() && member->is_primitive()) asked[name] = *member;
  return asked;
}

std::string ports_in_words(std::optional<Port> port) { return port ? fmt::format("port {}", *port) : "every port"; }

}  // namespace

void RunningStack::take_request(const Json& json, const Answer& answer) {
  const auto request = read_request(json);
  if (!request) return answer(control::refusal(request.error(), "see docs/control.md"));
  const bool only_asks = std::holds_alternative<request::Netstat>(*request) ||
                         std::holds_alternative<request::Metrics>(*request) ||
                         std::holds_alternative<request::Source>(*request);
  if (!only_asks) log_.write("asked", what_is_asked(json));
  std::visit([&](const auto& kind) { obey(kind, answer); }, *request);
}

void RunningStack::obey(const request::Netstat& netstat, const Answer& answer) {
  Json shown = {{"ok", true},
                {"report", request::name_of(netstat.report)},
                {"stack", self_.name},
                {"in_group", group_ == Group::in}};
  shown.update(display(view(), netstat));
  answer(shown);
}

void RunningStack::obey(const request::Metrics&, const Answer& answer) {
  const StackView seen = view();
  const bus::BusCounters bus = bus_ ? bus_->counters() : bus::BusCounters{};
  const PortStats port = host_.port().stats();
  const TunStats tun = host_.tun().stats();
  const MetricSources sources{seen, self_.name, group_ == Group::in, path_.counters(), port,
                              tun,  bus,        ownership_changes_,  log_.lines_lost()};
  answer({{"ok", true}, {"text", metrics_text(sources)}});
}

// --- definitions ---------------------------------------------------------------------------------------------------

// CFG-7; CFG-8: a bad profile changes nothing.
void RunningStack::obey(const request::Obey& request, const Answer& answer) {
  if (!options_.obey) return answer(control::refusal("this stack cannot read profiles", "start it with dvipa run"));
  auto obeyed = options_.obey(orders_.definitions(), request.text, request.file);
  if (!obeyed) {
    Json refused = control::refusal("the profile is wrong; the definitions are as they were", "mend it and ask again");
    refused["profile_error"] = obeyed.error();
    return answer(refused);
  }
  orders_.set_definitions(std::move(obeyed->definitions));
  apply_definitions();
  Json answered = done(obeyed->changes.empty() ? "the profile changes nothing" : "the profile is obeyed");
  answered["changes"] = obeyed->changes;
  if (group_ != Group::in) answered["note"] = "the stack is not in its group; the profile holds when it joins";
  answer(answered);
}

void RunningStack::apply_definitions() {
  if (group_ != Group::in) return;
  const Definitions definitions = orders_.in_force();
  for (const DvipaDefinition& definition : definitions.dvipas) watch(definition.dvipa);
  step(input::DefinitionsSet{definitions});
}

// MOV-1, MOV-2, MOV-6. The answer comes when the address can be bound to.
void RunningStack::obey(const request::Activate& request, const Answer& answer) {
  using Activation = effect::ActivationAnswered::Answer;
  const std::string dvipa = to_string(request.dvipa);
  if (group_ != Group::in)
    return answer(control::refusal("this stack is not in its group", "dvipa vary sysplex joingroup joins it"));
  step(input::ActivationAsked{request.dvipa, request.by_operator});
  if (activation_ == Activation::not_configured || activation_ == Activation::disruptive) {
    Json refused = activation_ == Activation::disruptive
                       ? control::refusal(
                             fmt::format("another stack has {}, and its definition lets no application take it", dvipa),
                             "move it with dvipa vary sysplex activate, or define it MOVEABLE NONDISRUPTIVE")
                       : control::refusal(fmt::format("no definition and no VIPARANGE of this stack covers {}", dvipa),
                                          "dvipa netstat vipadcfg shows what is defined");
    refused["reason"] = dvipa::name_of(activation_);
    return answer(refused);
  }
  watch(request.dvipa);
  answer_when(
      [this, dvipa, address = request.dvipa,
       moved = activation_ == Activation::moving]() -> std::optional<std::string> {
        const Stack::Dvipa* known = stack_.dvipa(address);
        if (known == nullptr || !known->owner.owns() || !known->address_usable) return std::nullopt;
        return fmt::format("{} {} this stack", dvipa, moved ? "has moved to" : "is active on");
      },
      answer);
}

// CFG-6. No address: the program is none of those that have a source.
void RunningStack::obey(const request::Source& request, const Answer& answer) {
  Json answered = {{"ok", true}};
  if (const auto source = orders_.source_of(request.job, request.v4)) answered["address"] = to_string(*source);
  answer(answered);
}

// MOV-7: another stack takes it over, if there is one with a part in it; connections go on.
void RunningStack::obey(const request::Deactivate& request, const Answer& answer) {
  const std::string dvipa = to_string(request.dvipa);
  if (orders_.find(request.dvipa) == nullptr)
    return answer(control::refusal(fmt::format("this stack does not define {}", dvipa),
                                   "dvipa netstat vipadcfg shows what it defines"));
  if (orders_.is_deactivated(request.dvipa))
    return answer(control::refusal(fmt::format("{} is deactivated already", dvipa), "reactivate it first"));
  orders_.deactivate(request.dvipa);
  apply_definitions();
  answer_when(
      [this, dvipa, address = request.dvipa]() -> std::optional<std::string> {
        const Stack::Dvipa* known = stack_.dvipa(address);
        if (known != nullptr && known->owner.owns()) return std::nullopt;
        const StackId owner = known != nullptr ? known->owner.facts.owner : nobody;
        return fmt::format("{} is deactivated here; {}", dvipa,
                           owner ? fmt::format("{} owns it", name_of(owner)) : "no stack owns it");
      },
      answer);
}

void RunningStack::obey(const request::Reactivate& request, const Answer& answer) {
  const std::string dvipa = to_string(request.dvipa);
  const DvipaDefinition* definition = orders_.find(request.dvipa);
  if (definition == nullptr || !orders_.is_deactivated(request.dvipa))
    return answer(control::refusal(fmt::format("{} is not deactivated", dvipa),
                                   "dvipa netstat vipadyn shows the state of every DVIPA"));
  const bool takes_back = definition->part == Part::primary && group_ == Group::in;
  orders_.reactivate(request.dvipa);
  apply_definitions();
  answer_when(
      [this, dvipa, takes_back, address = request.dvipa]() -> std::optional<std::string> {
        if (!takes_back) return fmt::format("{} is reactivated: this stack may own it again", dvipa);
        const Stack::Dvipa* known = stack_.dvipa(address);
        if (known == nullptr || !known->owner.owns()) return std::nullopt;
        return fmt::format("{} is reactivated, and this stack owns it", dvipa);
      },
      answer);
}

// RTE-8: the policy agent's part. The stack's list tells its backups, which go on with it.
void RunningStack::obey(const request::Weight& request, const Answer& answer) {
  const std::string dvipa = to_string(request.dvipa);
  const auto member = std::ranges::find_if(cluster_.members, [&](const ClusterMember& each) {
    return each.name == request.target || to_string(each.xcf) == request.target;
  });
  if (member == cluster_.members.end())
    return answer(control::refusal(fmt::format("no member has the name or the XCF address '{}'", request.target),
                                   "the cluster file names the members"));
  const Stack::Dvipa* known = stack_.dvipa(request.dvipa);
  const Distribution* distribution = known == nullptr ? nullptr : stack_.distribution_of(*known);
  if (distribution == nullptr)
    return answer(control::refusal(fmt::format("this stack has no distribution of {}", dvipa),
                                   "say it where the address is owned, or backed up"));
  if (!distribution->targets.contains(member->xcf))
    return answer(control::refusal(fmt::format("{} is no target of {}", member->name, dvipa),
                                   "dvipa netstat vdpt shows the targets"));
  if (distribution->method == DistMethod::round_robin)
    return answer(control::refusal(fmt::format("{} is distributed ROUNDROBIN, where weights count for nothing", dvipa),
                                   "give it another DISTMETHOD with dvipa vary --obey"));
  orders_.weigh(request.dvipa, member->stack, request.weight);
  step(input::WeightOrdered{request.dvipa, member->stack, request.weight});
  const std::string now = request.weight
                              ? fmt::format("{}{}", *request.weight,
                                            distribution->method == DistMethod::base_wlm ? " % of what it reports" : "")
                              : std::string("as its distribution says");
  answer(done(fmt::format("the weight of {} for {} is {}", member->name, dvipa, now)));
}

// --- the group -----------------------------------------------------------------------------------------------------

void RunningStack::obey(const request::LeaveGroup&, const Answer& answer) {
  if (group_ != Group::in)
    return answer(control::refusal("this stack is not in its group", "dvipa vary sysplex joingroup joins it"));
  std::vector<std::string> owned;
  for (const auto& [address, dvipa] : stack_.dvipas())
    if (dvipa.owner.owns()) owned.push_back(to_string(address));
  answer_when(
      [this, owned]() -> std::optional<std::string> {
        if (group_ != Group::out) return std::nullopt;
        return fmt::format("this stack has left its group; {}",
                           owned.empty() ? "it owned no DVIPA" : fmt::format("it owned {}", fmt::join(owned, ", ")));
      },
      answer);
  leave(false);
}

void RunningStack::obey(const request::JoinGroup&, const Answer& answer) {
  if (group_ != Group::out || stopping_)
    return answer(control::refusal("this stack has not left its group", "dvipa vary sysplex leavegroup leaves it"));
  if (const auto joined = join(); !joined) return answer(control::refusal(joined.error().what, joined.error().remedy));
  answer_when(
      [this]() -> std::optional<std::string> {
        if (!stack_.settled()) return std::nullopt;
        return "this stack is in its group again";
      },
      answer);
}

// --- listeners -----------------------------------------------------------------------------------------------------

void RunningStack::obey(const request::Quiesce& request, const Answer& answer) {
  if (request.port ? orders_.is_quiesced(*request.port) : orders_.quiesces_all())
    return answer(control::refusal(fmt::format("{} is quiesced already", ports_in_words(request.port)),
                                   "dvipa vary sysplex resume takes it back"));
  orders_.quiesce(request.port);
  tell_listeners();
  answer(done(fmt::format("listeners of {} are reported as ended; connections that exist go on",
                          ports_in_words(request.port))));
}

void RunningStack::obey(const request::Resume& request, const Answer& answer) {
  if (request.port && orders_.quiesces_all())
    return answer(control::refusal("every port is quiesced", "resume without a port resumes all"));
  const bool none_quiesced = !orders_.quiesces_all() && orders_.quiesced_ports().empty();
  if (request.port ? !orders_.is_quiesced(*request.port) : none_quiesced)
    return answer(control::refusal(fmt::format("{} is not quiesced", ports_in_words(request.port)),
                                   "there is nothing to resume"));
  orders_.resume(request.port);
  tell_listeners();
  answer(done(fmt::format("listeners of {} are reported again", ports_in_words(request.port))));
}

// --- answers that wait -----------------------------------------------------------------------------------------------

void RunningStack::answer_when(std::function<std::optional<std::string>()> is_done, const Answer& answer) {
  if (const auto what = is_done()) return answer(done(*what));
  auto awaited =
      std::make_shared<Awaited>(Awaited{std::move(is_done), answer, boost::asio::steady_timer(io_, answer_after_max)});
  awaited->limit.async_wait([this, weak = std::weak_ptr(awaited)](const boost::system::error_code& error) {
    const auto late = weak.lock();
    if (error || !late || std::erase(awaited_, late) == 0) return;
    late->answer(control::refusal(fmt::format("it is not done after {} s, and goes on", answer_after_max.count()),
                                  "dvipa netstat vipadyn and the log show how far it is"));
  });
  awaited_.push_back(std::move(awaited));
}

void RunningStack::answer_awaited() {
  std::erase_if(awaited_, [](const std::shared_ptr<Awaited>& each) {
    const auto what = each->done();
    if (what) each->answer(done(*what));
    return what.has_value();
  });
}

}  // namespace dvipa
