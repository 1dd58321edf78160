#pragma once
// check(model, options): the one entry to the checker.
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <type_traits>
#include <utility>

#include "spec/checker/breadth_first.hpp"
#include "spec/checker/liveness.hpp"
#include "spec/checker/model.hpp"
#include "spec/checker/options.hpp"
#include "spec/checker/result.hpp"
#include "spec/checker/search.hpp"

namespace dvipa::checker {

// The records that hold a model's states exactly.
template <Model M>
struct ExactRecordsOf {
  using type = VariableRecords;
};
template <Model M>
requires StoresPlainStates<M>
struct ExactRecordsOf<M> {
  using type = FixedRecords<sizeof(typename M::State)>;
};

namespace detail {

// "No violation found ..." with the probability that a hash stood for two states.
template <Model M>
std::string no_violation_note(const Result<M>& result) {
  const double states = static_cast<double>(result.counts.unique);
  std::array<char, 32> probability{};
  std::snprintf(probability.data(), probability.size(), "%.2g", std::min(1.0, states * states / 0x1p65));
  return std::string(result.verdict == Verdict::violated ? "Only hashes were stored"
                                                         : "No violation found; only hashes were stored") +
         " (probability of a missed state <= " + probability.data() + ").";
}

// Turns the findings of a search into the results of the properties.
template <Model M, class Explorer>
void write_findings(const M& model, const Explorer& explorer, Result<M>& result) {
  const auto& book = explorer.book();
  for (std::size_t i = 0; i < book.properties().size(); ++i) {
    const auto& property = book.properties()[i];
    PropertyResult<M> found{property.name, property.kind, Outcome::not_found, {}, {}};
    if (book.found()[i] != kNoRef) {
      found.outcome = property.kind == PropertyKind::sometimes ? Outcome::reached : Outcome::violated;
      found.trace = explorer.trace_to(book.found()[i]);
      bool whole = found.trace.has_value();
      if (whole && property.kind == PropertyKind::always_step)
        whole = append_breaking_step(model, property, *found.trace);
      if (!whole) {
        result.notes.push_back("The path for '" + property.name +
                               "' could not be executed again: the canonical form is no symmetry of the model, or the "
                               "successors of a state are not always the same.");
      }
    }
    result.properties.push_back(std::move(found));
  }
}

// Decides what a complete search without losses has decided, and the verdict.
template <Model M>
void conclude(bool proves, Result<M>& result) {
  bool violation = false;
  bool open = false;
  for (auto& found : result.properties) {
    if (found.outcome == Outcome::not_found && proves && found.kind != PropertyKind::leads_to)
      found.outcome = found.kind == PropertyKind::sometimes ? Outcome::not_reached : Outcome::holds;
    violation |= found.outcome == Outcome::violated || found.outcome == Outcome::not_reached;
    open |= found.outcome == Outcome::not_found || found.outcome == Outcome::refused;
  }
  result.verdict = violation ? Verdict::violated : open || !proves ? Verdict::unknown : Verdict::holds;
}

template <Model M, class Explorer>
Result<M> first_result(const M& model, Explorer& explorer, const Options& options) {
  Result<M> result;
  result.config = options.config;
  result.end = explorer.run();
  result.counts = explorer.counts();
  write_findings(model, explorer, result);
  if (options.symmetry && offers_symmetry(model) && options.search != Search::random_walks)
    result.notes.push_back("Symmetry: states that differ by a renaming only were visited once.");
  if (options.partial_order && HasAmpleSteps<M> && options.search == Search::breadth_first)
    result.notes.push_back("Partial order: where some steps suffice, no others were taken.");
  return result;
}

// Decides liveness on the graph that `explorer` has visited; if that is reduced on one that is explored again whole,
// because the fairness of one member is not that of any other, and a step that was left out counts as enabled.
template <class Records, Model M>
void decide_liveness(const M& model, BreadthFirst<M, Records>& explorer, const Options& options, Result<M>& result) {
  if (!explorer.is_reduced()) {
    Liveness<M, Records>(model, explorer).decide(result);
    return;
  }
  Options plain = options;
  plain.symmetry = plain.partial_order = plain.stop_at_first = plain.resume = false;
  plain.checkpoint_file.clear();
  BreadthFirst<M, Records> again(model, plain);
  const End end = again.run();
  result.notes.push_back("Liveness was decided without reduction, on " + std::to_string(again.counts().unique) +
                         " states.");
  if (end == End::complete) {
    Liveness<M, Records>(model, again).decide(result);
  } else {
    result.end = end;
  }
}

template <class Records, Model M>
Result<M> check_breadth_first(const M& model, const Options& options) {
  BreadthFirst<M, Records> explorer(model, options);
  Result<M> result = first_result(model, explorer, options);
  result.notes.insert(result.notes.end(), explorer.notes().begin(), explorer.notes().end());
  refuse_unfair(model, result);
  if constexpr (Records::lossless) {
    const auto waits = [](const auto& found) {
      return found.kind == PropertyKind::leads_to && found.outcome == Outcome::not_found;
    };
    if (result.end == End::complete && std::any_of(result.properties.begin(), result.properties.end(), waits))
      decide_liveness<Records>(model, explorer, options, result);
  }
  result.counts.seconds = explorer.counts().seconds;
  conclude(Records::lossless && result.end == End::complete, result);
  if (!Records::lossless) result.notes.push_back(no_violation_note(result));
  return result;
}

template <class Explorer, Model M>
Result<M> check_by_one_thread(const M& model, const Options& options) {
  Explorer explorer(model, options);
  Result<M> result = first_result(model, explorer, options);
  refuse_unfair(model, result);
  for (const auto& found : result.properties)
    if (found.kind == PropertyKind::leads_to && found.outcome == Outcome::not_found)
      result.notes.push_back("'" + found.name + "' is liveness, which only a breadth-first search decides.");
  conclude(result.end == End::complete, result);
  return result;
}

// Search::random_walks, or depth first with records that keep what they were given for good.
template <class Records, Model M>
Result<M> check_with(const M& model, const Options& options) {
  switch (options.search) {
    case Search::depth_first:
      return check_by_one_thread<DepthFirst<M, Records>>(model, options);
    case Search::random_walks:
      return check_by_one_thread<RandomWalks<M>>(model, options);
    case Search::breadth_first:
      break;
  }
  return check_breadth_first<Records>(model, options);
}

}  // namespace detail

// Explores `model` and decides its properties.
template <Model M>
Result<M> check(const M& model, const Options& options) {
  if (options.storage == Storage::compressed) return detail::check_with<CompressedRecords>(model, options);
  // Only a search by levels can forget the states that are behind it.
  if (options.storage == Storage::hashes && options.search == Search::breadth_first)
    return detail::check_breadth_first<HashRecords>(model, options);
  return detail::check_with<typename ExactRecordsOf<M>::type>(model, options);
}

}  // namespace dvipa::checker
