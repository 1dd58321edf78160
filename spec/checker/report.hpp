#pragma once
// A result for people and for programs: numbered sentences, a Mermaid sequence diagram, JSON. The words are the
// model's.
#include <optional>
#include <string>
#include <vector>

#include "spec/checker/model.hpp"
#include "spec/checker/result.hpp"

namespace dvipa::checker {

// `text` as a JSON string, with quotation marks.
std::string json_string(const std::string& text);
// A Mermaid sequence diagram; `loop_from` is the number of the arrow with which a loop begins.
std::string mermaid_of(const std::vector<Arrow>& arrows, std::optional<std::size_t> loop_from);

namespace detail {

// Calls use(before, step) for every step of a trace.
template <Model M, class Use>
void for_each_step(const Trace<M>& trace, Use&& use) {
  const typename M::State* before = &trace.initial;
  for (const auto& step : trace.steps) {
    use(*before, step);
    before = &step.after;
  }
}

template <Model M>
std::string sentence_of(const M& model, const typename M::State& before, const typename Trace<M>::Step& step) {
  if constexpr (HasSentences<M>) {
    return model.sentence(before, step.action, step.after);
  } else {
    return "A step";
  }
}

template <Model M>
std::string trace_as_json(const M& model, const Trace<M>& trace) {
  std::string text = "{\"steps\":[";
  std::size_t number = 0;
  for_each_step(trace, [&](const auto& before, const auto& step) {
    text += number++ == 0 ? "{" : ",{";
    text += "\"sentence\":" + json_string(sentence_of(model, before, step));
    if constexpr (HasArrows<M>) {
      const Arrow arrow = model.arrow(before, step.action);
      text += ",\"from\":" + json_string(arrow.from) + ",\"to\":" + json_string(arrow.to) +
              ",\"label\":" + json_string(arrow.label);
    }
    text += "}";
  });
  text += "]";
  if (trace.loop_from) text += ",\"loop_from\":" + std::to_string(*trace.loop_from);
  if constexpr (DescribesStates<M>) {
    const auto& last = trace.steps.empty() ? trace.initial : trace.steps.back().after;
    text += ",\"end\":" + json_string(model.describe(last));
  }
  return text + "}";
}

}  // namespace detail

// "1. MVS1 fails." ...; a loop is announced before its first step, the end is described if the model can.
template <Model M>
std::vector<std::string> sentences(const M& model, const Trace<M>& trace) {
  std::vector<std::string> lines;
  std::size_t number = 0;
  const auto announce = [&] {
    if (trace.loop_from == number)
      lines.push_back(number == trace.steps.size() ? "From here on nothing happens any more, for ever."
                                                   : "From here on the following repeats for ever:");
  };
  detail::for_each_step(trace, [&](const auto& before, const auto& step) {
    announce();
    lines.push_back(std::to_string(++number) + ". " + detail::sentence_of(model, before, step) + ".");
  });
  announce();
  if constexpr (DescribesStates<M>)
    lines.push_back("Then: " + model.describe(trace.steps.empty() ? trace.initial : trace.steps.back().after));
  return lines;
}

template <Model M>
requires HasArrows<M> std::string mermaid(const M& model, const Trace<M>& trace) {
  std::vector<Arrow> arrows;
  detail::for_each_step(
      trace, [&](const auto& before, const auto& step) { arrows.push_back(model.arrow(before, step.action)); });
  return mermaid_of(arrows, trace.loop_from);
}

// The whole result as one JSON object.
template <Model M>
std::string json(const M& model, const Result<M>& result) {
  std::string text = "{\"config\":" + json_string(result.config) + ",\"verdict\":\"" + to_string(result.verdict) +
                     "\",\"end\":" + json_string(to_string(result.end)) +
                     ",\"states\":" + std::to_string(result.counts.states) +
                     ",\"unique\":" + std::to_string(result.counts.unique) +
                     ",\"depth\":" + std::to_string(result.counts.depth) + ",\"properties\":[";
  for (std::size_t i = 0; i < result.properties.size(); ++i) {
    const auto& found = result.properties[i];
    text += i == 0 ? "{" : ",{";
    text += "\"name\":" + json_string(found.name) + ",\"outcome\":" + json_string(to_string(found.outcome));
    if (!found.reason.empty()) text += ",\"reason\":" + json_string(found.reason);
    if (found.trace) text += ",\"trace\":" + detail::trace_as_json(model, *found.trace);
    text += "}";
  }
  text += "],\"notes\":[";
  for (std::size_t i = 0; i < result.notes.size(); ++i) text += (i == 0 ? "" : ",") + json_string(result.notes[i]);
  return text + "]}";
}

}  // namespace dvipa::checker
