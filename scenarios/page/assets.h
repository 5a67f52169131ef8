// The parts of the page that are files: embedded by the build.
#ifndef CAUSEWAY_SCENARIOS_PAGE_ASSETS_H_
#define CAUSEWAY_SCENARIOS_PAGE_ASSETS_H_

#include <string_view>

namespace causeway::page {

extern const std::string_view kD3Script;      // the modules of D3 that draw.js uses, joined
extern const std::string_view kD3Licence;     // docs/licences/d3.txt
extern const std::string_view kDrawScript;    // draw.js
extern const std::string_view kShapesScript;  // shapes.js
extern const std::string_view kStyleSheet;    // page.css

}  // namespace causeway::page

#endif  // CAUSEWAY_SCENARIOS_PAGE_ASSETS_H_
