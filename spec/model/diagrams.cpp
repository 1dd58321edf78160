// Finds the shortest ways and draws them.
#include "spec/model/diagrams.hpp"

#include <fmt/format.h>

#include "spec/checker/check.hpp"
#include "spec/checker/report.hpp"
#include "spec/model/needed.hpp"

namespace dvipa::model {
namespace {

// The model with one property only: that its course never comes to its end.
class Course : public TakeoverModel {
 public:
  explicit Course(Rules rules) : TakeoverModel(std::move(rules)) {}
  std::vector<Property> properties() const {
    return {Property::always("the course does not end", [this](const State& s) { return !has_ended(s); })};
  }

 private:
  // Somebody else than at the start owns, everybody knows it, and a connection to the target S3 goes on that the client
  // had before.
  bool has_ended(const State& s) const {
    const Client& client = s.clients[0];
    const bool carried = client.end == ClientEnd::established && client.peer == 3 &&
                         s.stacks[3].endpoint[0].end == End::open && s.frames.size == 1 &&
                         owner_of(s.frames.frames[0].epoch) == rules().owner;
    const Epoch present = s.stacks[3].owning;
    const Stack owner = owner_of(present);
    const StackState& router = s.stacks[owner];
    return carried && owner != nobody && owner != rules().owner && router.owning == present && router.waiting == 0 &&
           router.crt[0].target == 3 && (rules().owner == 1 || s.stacks[2].owning == present);
  }
};

std::string draw(const TakeoverModel& model, const checker::Trace<TakeoverModel>& trace, std::string_view last) {
  const State& before = trace.steps.size() > 1 ? trace.steps[trace.steps.size() - 2].after : trace.initial;
  const std::string where = model.arrow(before, trace.steps.back().action).from;
  std::string text = checker::mermaid(model, trace);
  if (!last.empty()) text += fmt::format("  Note over {}: broken: {}\n", where, last);
  return text;
}

std::string course(const char* config) {
  const Course model(*find_configuration(config));
  const auto result = checker::check(model, checker::Options{});
  const auto* found = result.counterexample();
  return found == nullptr ? std::string() : checker::mermaid(model, *found->trace);
}

}  // namespace

std::string diagram(std::string_view name) {
  if (name == "failover") return course("smoke");
  if (name == "takeback") return course("takeback");
  constexpr std::string_view without = "without ";
  if (!name.starts_with(without)) return {};
  const DeviationText* dropped = find_deviation(name.substr(without.size()));
  if (dropped == nullptr || dropped->config.empty()) return {};
  const Consequence found = consequence_of(*dropped, 1);
  return draw(TakeoverModel(*find_configuration(dropped->config)), found.trace, found.property);
}

}  // namespace dvipa::model
