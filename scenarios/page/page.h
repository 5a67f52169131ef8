// A report as one HTML page: texts, tables and plots, drawn by D3, which is part of the page.
//
// The page is self-contained: its content security policy forbids every request, and lets no script
// run but the page's own, whatever the texts hold. The same page gives the same bytes. Each plot
// has the table of its data beside it, for those who cannot see it or want the numbers, and can be
// saved as SVG or CSV. Pure functions of plain values.
#ifndef CAUSEWAY_SCENARIOS_PAGE_PAGE_H_
#define CAUSEWAY_SCENARIOS_PAGE_PAGE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace causeway::page {

// Points, bars, nodes and links of one plot beyond this make pages that no browser likes: bin
// first.
inline constexpr std::size_t kPlotItemsMax = 20'000;

enum class Scale : std::uint8_t {
  kLinear,
  kLog,      // values above 0
  kTime,     // milliseconds since 1970-01-01, UTC
  kSeconds,  // durations in seconds above 0, on a logarithmic scale with ticks such as "10 ms"
  kNines,    // percentages below 100, so that 90, 99, 99.9 are equally far apart
  kDays,     // milliseconds of opening hours: the close of a day is the opening of the next
};

// The days of an axis of Scale::kDays, which all open and close at the same times.
struct OpeningHours {
  std::vector<std::string> days;  // "1", "2" or "2026-11-30"
  double opens_ms = 0;            // since midnight
  double closes_ms = 0;
};

struct Axis {
  std::string name;  // "value in queue"
  std::string unit;  // "USD"; may be empty
  Scale scale = Scale::kLinear;
  OpeningHours hours = {};  // of kDays
};

enum class Mark : std::uint8_t {
  kLine,
  kStep,    // keeps its value until the next point
  kPoints,  // a line with its points marked, and `low` to `high` around it
  kBars,    // from each x to the next; the last x only ends the last bar
};

struct Series {
  std::string name;
  Mark mark = Mark::kLine;
  std::vector<double> x;  // ascending
  std::vector<double> y;  // as many; for kBars one fewer
  // A band around y, such as a confidence interval: as many as y, or empty.
  std::vector<double> low;
  std::vector<double> high;
};

// Series over two axes. The y axis begins at zero unless its scale has none.
struct XyPlot {
  Axis x;
  Axis y;
  std::vector<Series> series;
};

// Horizontal bars, one for each category, made of a piece for each part.
struct BarPlot {
  Axis value;
  std::string category;  // "corridor"
  std::vector<std::string> categories;
  std::vector<std::string> parts;
  std::vector<std::vector<double>> values;  // [part][category]
};

// Who pays whom.
struct NetworkPlot {
  struct Node {
    std::string name;
    std::string group;  // nodes of a group have a colour
    double size = 0;    // in the unit of links
  };
  struct Link {
    std::size_t from = 0;  // positions in `nodes`
    std::size_t to = 0;
    double value = 0;
  };
  std::string unit;   // of links
  std::string group;  // what a group is: "country"
  std::vector<Node> nodes;
  std::vector<Link> links;
};

// Leaves the `most` links with the highest values, in their order; says whether any went.
bool KeepLargestLinks(NetworkPlot& plot, std::size_t most);

struct Plot {
  std::string id;       // of letters, digits and '-': names its files; unique in the page
  std::string title;    // "Queue over time"
  std::string caption;  // how to read it, how it was computed
  std::variant<XyPlot, BarPlot, NetworkPlot> what;
};

struct Column {
  std::string name;
  bool number = false;  // set to the right
};

struct Table {
  std::string title;
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;
  std::string note;  // may be empty
};

struct Text {
  std::string text;
  bool verbatim = false;  // keeps its lines: files and commands
};

struct Section {
  std::string heading;
  std::vector<std::variant<Plot, Table, Text>> content;
};

enum class Verdict : std::uint8_t { kNone, kGood, kBad };

// A key figure at the top.
struct Fact {
  std::string name;
  std::string value;
  Verdict verdict = Verdict::kNone;
};

struct Page {
  std::string title;
  std::string subtitle;
  std::vector<Fact> facts;
  std::vector<Section> sections;
};

// A whole HTML document. Texts may hold anything; what is not UTF-8 is replaced. Numbers that are
// not finite are left out of plots.
std::string RenderPage(const Page& page);

}  // namespace causeway::page

#endif  // CAUSEWAY_SCENARIOS_PAGE_PAGE_H_
