#pragma once
// The abstraction function: which state of the model (spec/model/state.hpp) a state of the composition stands for. The
// only place where it is said what the variables of the model mean in the implementation.
//
// Left out, because nothing in the model corresponds to it, or because it never differs in a composition:
//  - the state of the target role, the hidden address, what was last reported under which distribution: they decide
//    what is sent next, so a step after which they are wrong is found by the next one, which sends something else;
//  - the fence, which is a set of stacks here and goes by epochs in the model (see judge.hpp);
//  - `ended_while_fresh` and `in_question`, which only say what is asked about when the entry has aged;
//  - ports, masks, methods, weights, flags of a definition: there is one port, and every candidate distributes to all;
//  - leaving, moves, VIPARANGE, pauses and partitions: no configuration of the composition has them.
//
// A message that carries several connections stands for as many messages of the model, one after the other.
#include <span>
#include <vector>

#include "harness/refine/composition.hpp"

namespace dvipa::refine {

model::State abstraction_of(const Composition& composition, const model::Rules& rules, const State& s);

// What the stacks know and the model has no variable for, where a licence of the judge rests on it.
struct Beyond {
  struct OfConnection {
    bool ended = false;                     // Route::ended: its target has said so, and no SYN was routed since (RTE-6)
    model::Stack rival = model::nobody;     // who else has said that it holds the connection (FLV-11)
    model::Stack recalled = model::nobody;  // whom a SYN was given to just before this stack claimed anew (FLV-11)
    bool known_here = false;                // an end of it at the stack's own kernel, of which the stack has heard
  };
  struct OfStack {
    std::array<OfConnection, model::kConnectionsMax> connections{};
    bool awaits_silent = false;  // resets nothing while one that it has not met may live with the connection (FLV-11)
    model::Stacks deposed = 0;   // former owners whose frames are refused for the life of a frame (TGT-6)
  };
  std::array<OfStack, model::kStacksMax + 1> stacks{};
};
Beyond beyond_model(const Composition& composition, const model::Rules& rules, const State& s);

model::Epoch epoch_of(const Epoch& epoch);
// What a message that S`from` has sent to S`to` says, in the order in which the model says it.
std::vector<model::Message> abstraction_of(const Composition& composition, const State& s, model::Stack from,
                                           model::Stack to, const Message& message);
bool is_of_connection(const model::Message& message);
// Whether `message` says of a connection what `channel` ends with about it. TERMCONN and NOT_HELD both say that it is
// not held; neither takes the other back.
bool is_last_word(std::span<const model::Message> channel, const model::Message& message);
// The address on the bus of a stack in every composition.
Address xcf_of(model::Stack i);

}  // namespace dvipa::refine
