// What an operator orders is data on top of the profile.
#include <gtest/gtest.h>

#include "impl/live/shell/operator_orders.hpp"

namespace dvipa {
namespace {

const Address dva1 = *parse_address("10.77.1.1");
const Address dvb1 = *parse_address("10.77.2.1");

DvipaDefinition defined(const Address& dvipa, Part part) {
  DvipaDefinition definition;
  definition.dvipa = dvipa;
  definition.part = part;
  return definition;
}

Definitions both() { return {{defined(dva1, Part::primary), defined(dvb1, Part::backup)}, {}}; }

// covers: MOV-7, CFG-7
TEST(OperatorOrders, WhatIsDeactivatedIsNotInForceButStaysDefined) {
  OperatorOrders orders(both());
  EXPECT_EQ(orders.in_force(), both());
  orders.deactivate(dva1);
  EXPECT_EQ(orders.in_force(), (Definitions{{defined(dvb1, Part::backup)}, {}}));
  EXPECT_NE(orders.find(dva1), nullptr);
  orders.reactivate(dva1);
  EXPECT_EQ(orders.in_force(), both());
}

TEST(OperatorOrders, AnAddressThatIsDefinedAnewIsNotDeactivated) {
  OperatorOrders orders(both());
  orders.deactivate(dva1);
  orders.set_definitions({{defined(dvb1, Part::backup)}, {}});
  orders.set_definitions(both());
  EXPECT_FALSE(orders.is_deactivated(dva1));
}

// covers: MOV-7, TGT-2
TEST(ListenersHere, QuiescedListenersAreToldAsEndedAndTheirEndOnlyOnce) {
  OperatorOrders orders({});
  ListenersHere listeners;
  const kernel::Listener web{kernel::any_v4, 80};
  const kernel::Listener mail{kernel::any_v4, 25};
  listeners.add(web);
  listeners.add(mail);
  EXPECT_EQ(listeners.untold(orders).size(), 2U);
  EXPECT_TRUE(listeners.untold(orders).empty());

  orders.quiesce(Port{80});
  const auto quiesced = listeners.untold(orders);
  ASSERT_EQ(quiesced.size(), 1U);
  EXPECT_EQ(quiesced[0].listener, web);
  EXPECT_FALSE(quiesced[0].listening);

  listeners.remove(web);
  EXPECT_TRUE(listeners.untold(orders).empty());
  listeners.add(web);
  orders.quiesce({});
  EXPECT_EQ(listeners.untold(orders).size(), 1U);  // mail
  orders.resume({});
  EXPECT_EQ(listeners.untold(orders).size(), 2U);
}

TEST(ListenersHere, ACoreThatKnowsNothingIsToldAll) {
  const OperatorOrders orders({});
  ListenersHere listeners;
  listeners.add({kernel::any_v6, 80});
  EXPECT_EQ(listeners.untold(orders).size(), 1U);
  listeners.forget_told();
  const auto again = listeners.untold(orders);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_TRUE(again[0].listening);
}

// covers: CFG-6
TEST(OperatorOrders, TheLongestJobNameThatFitsGivesTheSource) {
  const Address any = *parse_address("10.1.0.1");
  const Address java = *parse_address("10.1.0.2");
  const Address exact = *parse_address("10.1.0.3");
  const Address v6 = *parse_address("2001:db8::1");
  Definitions definitions;
  definitions.sources = {{"*", any}, {"jav*", v6}, {"java*", java}, {"javac", exact}};
  const OperatorOrders orders(definitions);
  EXPECT_EQ(orders.source_of("perl", true), any);
  EXPECT_EQ(orders.source_of("java", true), java);
  EXPECT_EQ(orders.source_of("javac", true), exact);
  EXPECT_EQ(orders.source_of("java", false), v6) << "of the server's family";
  EXPECT_FALSE(orders.source_of("perl", false));
}

// covers: RTE-8
TEST(OperatorOrders, AWeightLastsUntilItIsTakenBack) {
  OperatorOrders orders{Definitions{}};
  const Address dvipa = *parse_address("10.1.0.1");
  orders.weigh(dvipa, StackId{2}, 0);
  orders.set_definitions({});
  EXPECT_EQ(orders.weights(), (OperatorOrders::Weights{{{dvipa, StackId{2}}, 0}}));
  orders.weigh(dvipa, StackId{2}, std::nullopt);
  EXPECT_TRUE(orders.weights().empty());
}

}  // namespace
}  // namespace dvipa
