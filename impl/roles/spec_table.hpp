#pragma once
// Lets a Boost.MSM transition table be written as rows of the specification: requirement, state, event, condition,
// action, next state. Every row that fires leaves its requirement behind, for trace, coverage and diagrams.
#include <algorithm>
#include <boost/mpl/push_back.hpp>
#include <boost/mpl/vector.hpp>
#include <boost/msm/front/functor_row.hpp>
#include <cstddef>
#include <string_view>

namespace dvipa::roles {

template <std::size_t N>
struct RequirementId {
  char text[N]{};
  consteval RequirementId(const char (&id)[N]) { std::copy_n(id, N, text); }  // NOLINT(google-explicit-constructor)
  constexpr std::string_view view() const { return {text, N - 1}; }
};

// A guard is a predicate bool(const Event&, const Facts&).
template <auto Guard>
struct If {
  template <class Event, class Machine, class From, class To>
  bool operator()(const Event& event, Machine& machine, From&, To&) const {
    return Guard(event, *machine.facts);
  }
};

// An action is void(const Event&, Facts&, Orders&).
template <RequirementId Id, auto Action>
struct Do {
  template <class Event, class Machine, class From, class To>
  void operator()(const Event& event, Machine& machine, From&, To&) const {
    machine.fired = Id.view();
    Action(event, *machine.facts, *machine.orders);
  }
};

template <RequirementId Id, class In, class On, auto Guard, auto Action, class Become>
struct Rule : boost::msm::front::Row<In, On, Become, Do<Id, Action>, If<Guard>> {
  static constexpr std::string_view requirement = Id.view();
  using in = In;
  using on = On;
  using become = Become;
  template <class Facts>
  static bool applies(const On& event, const Facts& facts) {
    return Guard(event, facts);
  }
};

// mpl::vector ends at a fixed number of rows; folding them in has no limit.
template <class Table, class... Rows>
struct AppendRows {
  using type = Table;
};
template <class Table, class First, class... Rest>
struct AppendRows<Table, First, Rest...> : AppendRows<typename boost::mpl::push_back<Table, First>::type, Rest...> {};

template <class... Rows>
struct SpecTable : AppendRows<boost::mpl::vector0<>, Rows...>::type {
  // Calls visit.template operator()<Row>() for each row, in the order in which they are written.
  template <class Visitor>
  static void for_each_row(Visitor&& visit) {
    (visit.template operator()<Rows>(), ...);
  }
};

// Saves and restores nothing but the current state of a machine: the archive that MSM's own serialize() asks for.
struct StateArchive {
  int state = 0;
  bool loading = false;
  template <class Value>
  StateArchive& operator&(Value& value) {
    if constexpr (std::is_same_v<Value, int[1]>) {
      loading ? void(value[0] = state) : void(state = value[0]);
    }
    return *this;
  }
};

}  // namespace dvipa::roles
