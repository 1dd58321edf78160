#pragma once
// The coverage matrix: for each requirement of the catalogue, the files of the model, of the implementation and of the
// checks that name it, and the seeded faults that break it.
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "spec/requirements/catalogue.hpp"
#include "tests/style/source_tree.hpp"

namespace dvipa::style {

// Where a requirement can be covered. A check is a test that runs without a host, or a live one.
// A seeded fault of the implementation has a test that it fails (impl/stack/mutant.hpp); that of the model is its file.
enum class Coverage : std::uint8_t { model, code, test, live, fault };
inline constexpr std::array<std::string_view, 5> coverage_names = {"model", "code", "test", "live", "seeded fault"};

using Citations = std::map<std::string, std::array<std::set<std::string>, coverage_names.size()>>;

Citations citations_in(const std::vector<SourceFile>& files, const requirements::Catalogue& catalogue);

// Why a requirement, or a whole section, is not covered somewhere: `missing` names Coverage, `reason` is for the
// reader.
struct Exception {
  std::set<std::string> missing;
  std::string reason;
};
using Exceptions = std::map<std::string, Exception>;  // by identifier or name of a section

tl::expected<Exceptions, std::string> read_exceptions(const std::string& path);

// What is wrong: a requirement that is not covered and has no exception, and an exception that nothing needs.
std::vector<std::string> holes(const Citations& citations, const Exceptions& exceptions,
                               const requirements::Catalogue& catalogue);

// docs/coverage.md
std::string coverage_table(const Citations& citations, const Exceptions& exceptions,
                           const requirements::Catalogue& catalogue);

}  // namespace dvipa::style
