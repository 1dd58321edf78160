#pragma once
// check(model, options): the one entry to the checker.
#include <string>
#include <type_traits>
#include <utility>

#include "spec/checker/breadth_first.hpp"
#include "spec/checker/model.hpp"
#include "spec/checker/options.hpp"
#include "spec/checker/result.hpp"

namespace dvipa::checker {

// The records that hold a model's states exactly.
template <Model M>
struct ExactRecordsOf {
  using type = VariableRecords;
};
template <Model M>
requires PackedState<typename M::State>
struct ExactRecordsOf<M> {
  using type = FixedRecords<sizeof(typename M::State)>;
};

namespace detail {

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

template <class Records, Model M>
Result<M> check_breadth_first(const M& model, const Options& options) {
  BreadthFirst<M, Records> explorer(model, options);
  Result<M> result;
  result.config = options.config;
  result.end = explorer.run();
  result.counts = explorer.counts();
  write_findings(model, explorer, result);
  conclude(Records::lossless && result.end == End::complete, result);
  return result;
}

}  // namespace detail

// Explores `model` and decides its properties.
template <Model M>
Result<M> check(const M& model, const Options& options) {
  switch (options.storage) {
    case Storage::compressed:
      return detail::check_breadth_first<CompressedRecords>(model, options);
    case Storage::hashes:
      return detail::check_breadth_first<HashRecords>(model, options);
    case Storage::exact:
      break;
  }
  return detail::check_breadth_first<typename ExactRecordsOf<M>::type>(model, options);
}

}  // namespace dvipa::checker
