# Writes OUTPUT, a C++ source that holds the text of FILES for embedded_files() of catalogue.hpp.
set(entries "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  string(APPEND entries "    {\"spec/requirements/${name}\", R\"catalogue(${text})catalogue\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Generated from the files of the catalogue.
#include <array>

#include \"spec/requirements/catalogue.hpp\"

namespace dvipa::requirements {
namespace {

constexpr CatalogueFile files[] = {
${entries}};

}  // namespace

std::span<const CatalogueFile> embedded_files() { return files; }

}  // namespace dvipa::requirements
")
