#pragma once
// Whether a step of the composition is a step of the model: from the abstracted state before it, at most a few actions
// of the model have to lead to the abstracted state after it. Everything is compared: what every stack knows, its
// tables, endpoints, frames, clients, and every message that is on its way. Where the two package the same thing
// differently the judge knows it, and says here why that is harmless:
//
//  - One input of a stack does all that follows from it at once, where the model has actions of its own: after a step
//  the
//    same stack may get ready, claim a vacancy, begin to take back, or let go.
//  - A packet that the model would route is lost only where the implementation knows why: it is held while it is asked
//    which of two stacks has the connection, or for a report while its target has none any more (FLV-5), it came to a
//    stack that has just started (RTE-12), or a stack that the router has not met may have the connection (FLV-11).
//  - The fence is a set of stacks that is kept for the life of a frame, not an epoch (TGT-6). It lets in what comes
//  from
//    the view although the model's epochs do not, and what the model's target does with it must follow. It refuses what
//    they let in only of a stack that is deposed: the frames of an older owner that a target has fallen back to, which
//    the model takes off their way, stay on it.
//  - Between two messages that are not commutative (a list, the end of a report, TAKEOVER, RELEASED), what is said of
//    the listener and of each connection may come in any order of these, and the same word more than once; what is said
//    of one of them stays in order. A stack may say again what is true when it says it.
//  - What is said of a connection is not said again while it is the last word about it that is on its way.
//  - A report under an epoch that its receiver has left behind may be missing, or be said in vain: nobody takes it.
//  - A stack that hears of an owner and claims at once says so before it has ended its report to that owner, for the
//  end
//    waits for a look at the kernel: what is said under different epochs may come in another order, lists excepted.
//  - An entry may be fresh where the model's is not: the implementation notes whatever it hears of a connection, also
//    from itself. A fresh entry outlives a TERMCONN, is asked about later, and ages out (RTE-6, RTE-11).
//  - Such an entry whose target has ended the connection is forgotten when a SYN hits it and the target does not listen
//    any more as far as the router knows: the frame that it waits for would open nothing there (RTE-5).
//  - Of such an entry the claimant is also told that the connection has ended: it asks when the entry has aged (TKB-1).
//  - Of two targets that hold a connection the model stands by the one that was named first, and remembers no other;
//  the
//    implementation does, and routes to that one when the first has no end of it any more (FLV-11).
//  - An owner tells who holds an end of a connection that goes elsewhere, and that one aborts it unless its client has
//  it
//    (RTE-13); the model waits until the end times out.
//  - A target that knows of two owners does not tell the older one of a frame of the newer one as long as its report to
//    the older one is still to be made (TGT-7).
//  - VERIFY is sent for every entry that was not used for a while; the model sends it only where it makes a difference.
//  - The kernel tells the stack nothing of a connection that ends half-open, unless a report had named it: there is no
//    TERMCONN, and the entry ages out (RTE-11). An owner that gives way then does not name itself as its target.
//  - Of two owners the older one hears of what the newer one has forwarded when the connection is established, not when
//    its SYN has come (TGT-6): it is about to claim anew or to give way, and hears of it then.
//  - An owner that gives way to another (FLV-11) says so before its report, and does not name what has ended (RTE-6).
//  - An owner that claims anew has the entries of its last SYNs again when all have reported: its targets let these
//    frames in, which the model's fence refuses for their epoch (FLV-11).
//  - An end that is aborted (RTE-13) may be one that its client has, if nothing is promised of the connection.
#include <optional>
#include <string>
#include <vector>

#include "harness/refine/abstraction.hpp"
#include "spec/model/takeover_model.hpp"

namespace dvipa::refine {

// What the composition did, as the judge has to know it.
struct Step {
  model::Action action;
  Way way;                // of a packet
  unsigned messages = 0;  // that the received one stands for
};

// Where a step began.
struct Before {
  model::State state;
  Beyond beyond;
};

struct Judgement {
  bool allowed = false;
  std::uint8_t harm = 0;                 // that the step does in the model
  model::Stacks contested = 0;           // set of connections that are contested after it, as the model notes it
  std::string nearest;                   // the actions of the model that come closest
  std::vector<std::string> differences;  // between where these lead to and where the composition is; what is false
};

class Judge {
 public:
  explicit Judge(const model::Rules& rules);
  Judgement judge(const Before& before, const Step& step, const model::State& after) const;

 private:
  struct Candidate {
    model::State state;
    std::string words;
    std::string objection;  // why it is not what the composition did, whatever it leads to
  };
  std::vector<Candidate> first_actions(const Before& before, const Step& step, const model::State& after) const;
  void packet(const Before& before, const Step& step, std::vector<Candidate>& out) const;
  void syn(const model::State& from, const Before& before, const Step& step, std::vector<Candidate>& out) const;
  void data(const Before& before, const Step& step, std::vector<Candidate>& out) const;
  void frame(const Before& before, const Step& step, std::vector<Candidate>& out) const;
  const char* reason_to_lose(const Before& before, const Step& step) const;
  std::optional<model::State> without_ended_entry(const Before& before, const Step& step) const;
  bool fence_admits(const model::State& state, model::Stack target, model::Epoch epoch) const;
  void add_aborts(const model::State& before, model::Stack i, const model::State& after,
                  std::vector<Candidate>& candidates) const;
  void add_what_follows(model::Stack i, std::vector<Candidate>& candidates) const;

  const model::Rules& rules_;
  model::Rules open_rules_;  // the fence lets everything in
};

// What tells the two apart, one sentence a variable; empty: nothing but packaging.
std::vector<std::string> differences(const model::Rules& rules, const Before& before, const Step& step,
                                     const model::State& wanted, const model::State& found);

}  // namespace dvipa::refine
