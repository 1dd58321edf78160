#pragma once
// What the vocabulary promises of a definition, as one predicate for both ends of the wire: the sender asserts it, the
// receiver refuses what breaks it, so that no stack needs to doubt a list that it has been given.
#include <string_view>

#include "spec/vocabulary/message.hpp"

namespace dvipa::wire {

// Static text that says what is wrong; empty when nothing is.
std::string_view fault_of(const DvipaDefinition& definition);
std::string_view fault_of(const ListEntry& entry);

}  // namespace dvipa::wire
