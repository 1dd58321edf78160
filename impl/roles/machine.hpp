#pragma once
// How a role that is a plain value (a state and its facts) runs through its Boost.MSM table: one machine a thread is
// given the state, takes the event, and gives the state back. Included by the one translation unit of a role.
#include <boost/core/demangle.hpp>
#include <boost/mp11.hpp>
#include <boost/msm/back/state_machine.hpp>
#include <boost/msm/front/state_machine_def.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "impl/roles/row.hpp"
#include "impl/roles/spec_table.hpp"

namespace dvipa::roles {

template <class Def, class FactsType, class OrdersType>
struct MachineFront : boost::msm::front::state_machine_def<Def> {
  using Facts = FactsType;
  using Orders = OrdersType;
  Facts* facts = nullptr;
  Orders* orders = nullptr;
  std::string_view fired;
  bool taken = false;

  template <class Machine, class Event>
  void no_transition(const Event&, Machine& machine, int) {
    machine.taken = false;
  }
};

// `States` in the order of the enumeration `State`.
template <class Def, class State, class... States>
class MachineRunner {
  using Machine = boost::msm::back::state_machine<Def>;
  using Table = typename Def::transition_table;
  using StateList = boost::mp11::mp_list<States...>;

 public:
  template <class Event>
  static Outcome run(State& state, typename Def::Facts& facts, typename Def::Orders& orders, const Event& event) {
    static thread_local Machine machine = started();
    machine.facts = &facts;
    machine.orders = &orders;
    machine.fired = {};
    machine.taken = true;
    StateArchive in{ids[static_cast<unsigned>(state)], true};
    machine.serialize(in, 0U);
    const auto handled = machine.process_event(event);
    StateArchive out;
    machine.serialize(out, 0U);
    for (unsigned i = 0; i < sizeof...(States); ++i)
      if (ids[i] == out.state) state = static_cast<State>(i);
    return {machine.taken && handled == boost::msm::back::HANDLED_TRUE, machine.fired};
  }

  template <class Event>
  static int applicable_rows(State state, const typename Def::Facts& facts, const Event& event) {
    int count = 0;
    Table::for_each_row([&]<class Row>() {
      if constexpr (std::is_same_v<typename Row::on, Event>) {
        constexpr auto in = boost::mp11::mp_find<StateList, typename Row::in>::value;
        if (in == static_cast<std::size_t>(state) && Row::applies(event, facts)) ++count;
      }
    });
    return count;
  }

  static std::vector<RowText> rows() {
    std::vector<RowText> rows;
    Table::for_each_row([&]<class Row>() {
      rows.push_back({Row::requirement, type_name<typename Row::in>(), type_name<typename Row::on>(),
                      type_name<typename Row::become>()});
    });
    return rows;
  }

 private:
  static Machine started() {
    Machine machine;
    machine.start();
    return machine;
  }

  template <class Type>
  static std::string_view type_name() {
    static const std::string name = [] {
      const std::string whole = boost::core::demangle(typeid(Type).name());
      return whole.substr(whole.rfind(':') + 1);
    }();
    return name;
  }

  static constexpr int ids[] = {boost::msm::back::get_state_id<typename Machine::stt, States>::value...};
};

}  // namespace dvipa::roles
