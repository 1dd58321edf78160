#pragma once
// The abstraction function: which state of the model (spec/model/state.hpp) a state of the composition stands for. The
// only place where it is said what the variables of the model mean in the implementation.
//
// Left out, because nothing in the model corresponds to it, or because it never differs in a composition:
//  - the state of the target role, the hidden address, what was last reported under which distribution: they decide
//  what
//    is sent next, so a step after which they are wrong is found by the next one, which sends something else;
//  - the fence, which is a set of stacks here and goes by epochs in the model: the judge takes the implementation's
//    decision and the properties judge where it leads (see judge.hpp);
//  - `ended_while_fresh` and `in_question`, which only say what is asked about when the entry has aged;
//  - ports, masks, methods, weights, flags of a definition: there is one port, and every candidate distributes to all;
//  - leaving, moves, VIPARANGE, pauses and partitions: no configuration of the composition has them.
//
// A message that carries several connections stands for as many messages of the model, one after the other.
#include <vector>

#include "harness/refine/composition.hpp"

namespace dvipa::refine {

model::State abstraction_of(const Composition& composition, const model::Rules& rules, const State& s);

model::Epoch epoch_of(const Epoch& epoch);
// What a message says, in the order in which the model says it.
std::vector<model::Message> abstraction_of(const Message& message);
// The address on the bus of a stack in every composition.
Address xcf_of(model::Stack i);

}  // namespace dvipa::refine
