// The grammar of profiles, in Boost.Spirit X3. Terminals are whole words; each notes what it wanted when it does not
// match, and the notes at the farthest place are what a syntax error says was expected.
#include <algorithm>
#include <bit>
#include <boost/fusion/include/adapt_struct.hpp>
#include <boost/spirit/home/x3.hpp>

#include "impl/profile/statements.hpp"
#include "impl/profile/words.hpp"

BOOST_FUSION_ADAPT_STRUCT(dvipa::profile::DefineStatement, keyword, options, mask, addresses)
BOOST_FUSION_ADAPT_STRUCT(dvipa::profile::BackupStatement, keyword, rank, addresses)
BOOST_FUSION_ADAPT_STRUCT(dvipa::profile::Destination, xcf_address, weight)
BOOST_FUSION_ADAPT_STRUCT(dvipa::profile::DistributeStatement, keyword, options, dvipa, ports, destinations)
BOOST_FUSION_ADAPT_STRUCT(dvipa::profile::UndistributeStatement, keyword, dvipa)
BOOST_FUSION_ADAPT_STRUCT(dvipa::profile::RangeStatement, keyword, options, mask, address)
BOOST_FUSION_ADAPT_STRUCT(dvipa::profile::UnrangeStatement, keyword, mask, address)
BOOST_FUSION_ADAPT_STRUCT(dvipa::profile::DeleteStatement, keyword, addresses)
BOOST_FUSION_ADAPT_STRUCT(dvipa::profile::SourceStatement, keyword, source, job)
BOOST_FUSION_ADAPT_STRUCT(dvipa::profile::UnsourceStatement, keyword, job)

namespace dvipa::profile {
namespace {

namespace x3 = boost::spirit::x3;

constexpr std::size_t job_max = 64;  // bytes

// What one reading has come to; terminals reach it through the context.
struct Reading {
  std::string_view text;
  std::vector<Statement> statements;
  std::optional<Place> statement;  // the keyword of the one that is being read
  std::size_t last_word_end = 0;
  std::size_t farthest = 0;  // where the words in `wanted` were missed
  std::vector<std::string_view> wanted;

  void miss(std::size_t at, std::string_view what) {
    if (at < farthest) return;
    if (at > farthest) wanted.clear();
    farthest = at;
    if (std::ranges::find(wanted, what) == wanted.end()) wanted.push_back(what);
  }
};

// A terminal: `Match` says what a word stands for, if it matches, as an optional of the attribute.
template <class Match>
struct Terminal : x3::parser<Terminal<Match>> {
  using attribute_type = typename Match::Attribute;
  static constexpr bool has_attribute = !std::is_same_v<attribute_type, x3::unused_type>;

  constexpr explicit Terminal(Match how) : match(how) {}

  template <class Context, class RuleContext, class Attribute>
  bool parse(const char*& first, const char* const& /*last*/, const Context& context, RuleContext& /*rule*/,
             Attribute& attribute) const {
    Reading& reading = x3::get<Reading>(context);
    const char* const begin = reading.text.data();
    const std::size_t at = skip_blanks(reading.text, static_cast<std::size_t>(first - begin));
    const std::string_view word = word_at(reading.text, at);
    auto value = match(reading, word, Place{at, word.size()});
    if (!value) {
      if (!match.wanted.empty()) reading.miss(at, match.wanted);
      return false;
    }
    reading.last_word_end = std::max(reading.last_word_end, at + word.size());
    first = begin + at + word.size();
    x3::traits::move_to(std::move(*value), attribute);
    return true;
  }

  Match match;
};

struct WordMatch {
  using Attribute = x3::unused_type;
  Keyword keyword;
  std::string_view wanted;
  std::optional<x3::unused_type> operator()(Reading&, std::string_view word, Place) const {
    if (!abbreviates(word, keyword)) return std::nullopt;
    return x3::unused_type{};
  }
};

struct OptionMatch {
  using Attribute = ChosenOption;
  Keyword keyword;
  std::string_view wanted;
  Option option;
  std::optional<ChosenOption> operator()(Reading&, std::string_view word, Place place) const {
    if (!abbreviates(word, keyword)) return std::nullopt;
    return ChosenOption{option, place};
  }
};

struct StatementMatch {
  using Attribute = Place;
  Keyword keyword;
  std::string_view wanted = "a statement (VIPADEFINE, VIPABACKUP, VIPADISTRIBUTE, VIPARANGE, VIPADELETE, SOURCEVIPA)";
  std::optional<Place> operator()(Reading& reading, std::string_view word, Place place) const {
    if (!abbreviates(word, keyword)) return std::nullopt;
    reading.statement = place;
    return place;
  }
};

struct AllMatch {
  using Attribute = Destination;
  std::string_view wanted = "ALL";
  std::optional<Destination> operator()(Reading&, std::string_view word, Place place) const {
    if (!abbreviates(word, Keyword{"ALL"})) return std::nullopt;
    return Destination{.xcf_address = {{}, place}, .weight = std::nullopt, .all = true};
  }
};

struct CommaMatch {
  using Attribute = x3::unused_type;
  std::string_view wanted;  // a comma never has to be there
  std::optional<x3::unused_type> operator()(Reading&, std::string_view word, Place) const {
    if (word != ",") return std::nullopt;
    return x3::unused_type{};
  }
};

std::optional<unsigned> number_in(std::string_view word) {
  if (word.empty()) return std::nullopt;
  unsigned value = 0;
  for (const char c : word) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value >= number_max / 10 ? number_max : value * 10 + static_cast<unsigned>(c - '0');
  }
  return value;
}

struct NumberMatch {
  using Attribute = Placed<unsigned>;
  std::string_view wanted;
  std::optional<Placed<unsigned>> operator()(Reading&, std::string_view word, Place place) const {
    const auto number = number_in(word);
    if (!number) return std::nullopt;
    return Placed<unsigned>{*number, place};
  }
};

// The number behind the keyword of an option.
struct NumberedOptionMatch {
  using Attribute = ChosenOption;
  std::string_view wanted;
  Option option;
  std::optional<ChosenOption> operator()(Reading&, std::string_view word, Place place) const {
    const auto number = number_in(word);
    if (!number) return std::nullopt;
    return ChosenOption{option, place, *number};
  }
};

struct PortMatch {
  using Attribute = PortItem;
  std::string_view wanted = "a port or a range of ports";
  std::optional<PortItem> operator()(Reading&, std::string_view word, Place place) const {
    const std::size_t dash = std::min(word.find('-'), word.size());
    const auto first = number_in(word.substr(0, dash));
    if (!first) return std::nullopt;
    const Placed<unsigned> from{*first, {place.offset, dash}};
    if (dash == word.size()) return PortItem{from, from};
    const auto last = number_in(word.substr(dash + 1));
    if (!last) return std::nullopt;
    return PortItem{from, {*last, {place.offset + dash + 1, place.length - dash - 1}}};
  }
};

struct AddressMatch {
  using Attribute = Placed<Address>;
  std::string_view wanted = "an address";
  std::optional<Placed<Address>> operator()(Reading&, std::string_view word, Place place) const {
    const auto address = parse_address(word);
    if (!address) return std::nullopt;
    return Placed<Address>{*address, place};
  }
};

// The name of a program, as its first part if a * ends it. A word that begins a statement is none.
struct JobMatch {
  using Attribute = Placed<std::string>;
  std::string_view wanted = "the name of a job";
  std::optional<Placed<std::string>> operator()(Reading&, std::string_view word, Place place) const {
    const bool printable = std::ranges::all_of(word, [](char c) { return c > ' ' && c < '\x7f'; });
    if (word.empty() || word == "," || word.size() > job_max || !printable) return std::nullopt;
    const auto begins = [&](Keyword keyword) { return abbreviates(word, keyword); };
    if (word.find('*') < word.size() - 1 || begins(endvipadynamic) || std::ranges::any_of(statement_keywords, begins))
      return std::nullopt;
    return Placed<std::string>{std::string(word), place};
  }
};

struct MaskMatch {
  using Attribute = Placed<Mask>;
  std::string_view wanted = "a mask, such as 255.255.255.0 or /24 or /64";
  std::optional<Placed<Mask>> operator()(Reading&, std::string_view word, Place place) const {
    if (const auto bits = number_in(word.starts_with('/') ? word.substr(1) : word)) {
      if (*bits < 1 || *bits > 128) return std::nullopt;
      return Placed<Mask>{{*bits, false}, place};
    }
    const auto address = parse_address(word);
    if (!address || !address->is_v4() || word.find(':') != std::string_view::npos) return std::nullopt;
    const std::uint32_t holes = ~address->v4_value();  // contiguous when it is one less than a power of two
    const auto bits = static_cast<unsigned>(std::countl_one(address->v4_value()));
    if (bits == 0 || (holes & (holes + 1)) != 0) return std::nullopt;
    return Placed<Mask>{{bits, true}, place};
  }
};

constexpr auto word(std::string_view keyword, std::string_view wanted) {
  return Terminal<WordMatch>(WordMatch{Keyword{keyword}, wanted});
}
constexpr auto word(std::string_view keyword) { return word(keyword, keyword); }
constexpr auto option(std::string_view keyword, std::string_view wanted, Option value) {
  return Terminal<OptionMatch>(OptionMatch{Keyword{keyword}, wanted, value});
}
constexpr auto option(std::string_view keyword, Option value) { return option(keyword, keyword, value); }
constexpr auto statement(Keyword keyword) { return Terminal<StatementMatch>(StatementMatch{keyword}); }

const Terminal<AllMatch> all(AllMatch{});
const Terminal<CommaMatch> comma(CommaMatch{});
const Terminal<NumberMatch> rank(NumberMatch{"a rank"});
const Terminal<NumberMatch> weight_number(NumberMatch{"a weight"});
const Terminal<NumberedOptionMatch> affinity_seconds(NumberedOptionMatch{"a number of seconds",
                                                                         Option::timed_affinity});
const Terminal<PortMatch> port_item(PortMatch{});
const Terminal<AddressMatch> address(AddressMatch{});
const Terminal<JobMatch> job(JobMatch{});
const Terminal<MaskMatch> mask(MaskMatch{});

template <class Attribute>
using Rule = x3::rule<Attribute, Attribute>;

const auto cluster_ports = option("CLUSTERPORTS", Option::cluster_ports);

// CFG-2
const auto define_option = (word("MOVEable", "MOVEABLE") >> (option("IMMEDiate", "IMMEDIATE", Option::immediate) |
                                                             option("WHENIDLE", Option::when_idle))) |
                           cluster_ports;
const auto define = Rule<DefineStatement>("define") = statement(vipadefine) >> *define_option >> mask >> +address;

// CFG-3
const auto backup = Rule<BackupStatement>("backup") = statement(vipabackup) >> -rank >> +address;

// CFG-4
const auto method = option("ROUNDROBIN", Option::round_robin) | option("WEIGHTEDACTIVE", Option::weighted_active) |
                    option("WEIGHTED", Option::weighted) | option("BASEWLM", Option::base_wlm) |
                    option("HOTSTANDBY", Option::hot_standby);
const auto distribute_option = (word("DISTMETHOD") >> method) | cluster_ports |
                               option("SYSPLEXPORTS", Option::cluster_ports) |
                               option("CONTENTROUTED", Option::content_routed) |
                               (word("TIMEDAFFinity", "TIMEDAFFINITY") >> affinity_seconds);  // RTE-8
const auto destination = Rule<Destination>("destination") = address >> -(word("WEIGHT") >> weight_number);
const auto distribute = Rule<DistributeStatement>("distribute") = statement(vipadistribute) >> -word("DEFINE") >>
                                                                  *distribute_option >> address >>
                                                                  -(word("PORT") >> (port_item % -comma)) >>
                                                                  word("DESTIP") >>
                                                                  (x3::repeat(1)[all] | (destination % -comma));
const auto undistribute = Rule<UndistributeStatement>("undistribute") = statement(vipadistribute) >>
                                                                        word("DELETE") >> address;

// CFG-5
const auto range_option =
    (word("MOVEable", "MOVEABLE") >> (option("NONDISRUPTive", "NONDISRUPTIVE", Option::nondisruptive) |
                                      option("DISRUPTive", "DISRUPTIVE", Option::disruptive))) |
    cluster_ports;
const auto range = Rule<RangeStatement>("range") = statement(viparange) >> -word("DEFINE") >> *range_option >> mask
                                                   >> address;
const auto unrange = Rule<UnrangeStatement>("unrange") = statement(viparange) >> word("DELETE") >> mask >> address;

// CFG-7
const auto remove = Rule<DeleteStatement>("delete") = statement(vipadelete) >> +address;

// CFG-6
const auto source = Rule<SourceStatement>("source") = statement(sourcevipa) >> address >> job;
const auto unsource = Rule<UnsourceStatement>("unsource") = statement(sourcevipa) >> word("DELETE") >> job;

struct Keep {
  template <class Context>
  void operator()(const Context& context) const {
    Reading& reading = x3::get<Reading>(context);
    reading.statements.emplace_back(std::move(x3::_attr(context)));
  }
};
constexpr Keep keep{};

// CFG-1. A statement ends where no further word of it can follow; what comes then must be the next statement.
const auto block = word("VIPADYNamic", "VIPADYNAMIC") >>
                   *(define[keep] | backup[keep] | undistribute[keep] | distribute[keep] | unrange[keep] | range[keep] |
                     remove[keep] | unsource[keep] | source[keep]) >>
                   word("ENDVIPADYNamic", "ENDVIPADYNAMIC");

std::string joined(const std::vector<std::string_view>& wanted) {
  std::string text;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (i > 0) text += i + 1 == wanted.size() ? " or " : ", ";
    text += wanted[i];
  }
  return text;
}

Refusal syntax_error(const Reading& reading) {
  const std::string_view word = word_at(reading.text, reading.farthest);
  const std::size_t offset = word.empty() ? reading.last_word_end : reading.farthest;
  return Refusal{reading.statement, Place{offset, word.size()}, joined(reading.wanted)};
}

}  // namespace

tl::expected<std::vector<Statement>, Refusal> read_statements(std::string_view text) {
  Reading reading;
  reading.text = text;
  const char* first = text.data();
  const char* const last = first + text.size();
  if (!x3::parse(first, last, x3::with<Reading>(reading)[block])) return tl::unexpected(syntax_error(reading));
  const std::size_t rest = skip_blanks(text, static_cast<std::size_t>(first - text.data()));
  if (rest < text.size()) {
    return tl::unexpected(Refusal{std::nullopt, Place{rest, word_at(text, rest).size()}, "the end of the profile"});
  }
  return std::move(reading.statements);
}

}  // namespace dvipa::profile
