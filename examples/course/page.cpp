// The chapters as one HTML page that needs no other file: a converter of the part of Markdown that they use. Figures
// are put into the page, links between chapters become links within it.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // <regex> with -fsanitize=address, GCC bug 105562
#endif
#include <map>
#include <regex>
#include <sstream>

#include "data/file.h"
#include "examples/course/course.h"

namespace course {

namespace {

std::string escaped(const std::string& text) {
    std::string out;
    for (char c : text) out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
    return out;
}

class Page {
  public:
    Page(std::string figures, std::string repository)
        : figures_(std::move(figures)), repository_(std::move(repository)) {}

    // One document, as an article whose address is #NAME.
    void add(const std::string& name, const std::string& markdown) {
        out_ += "<article id=\"" + name + "\">\n";
        std::istringstream lines(without_comments(markdown));
        std::string line;
        while (std::getline(lines, line)) read(line);
        close();
        out_ += "</article>\n";
    }
    const std::string& text() const { return out_; }

  private:
    static std::string without_comments(std::string text) {
        for (size_t from = text.find("<!--"); from != std::string::npos; from = text.find("<!--", from)) {
            const size_t to = text.find("-->", from);
            text.erase(from, to == std::string::npos ? to : to + 3 - from);
        }
        return text;
    }

    enum class Block { none, paragraph, list, numbered, table, code };

    void open(Block block, const char* tag) {
        if (block_ == block) return;
        close();
        block_ = block;
        out_ += tag;
    }
    void close() {
        flush();
        static const std::map<Block, const char*> ends = {{Block::list, "</ul>\n"},
                                                          {Block::numbered, "</ol>\n"},
                                                          {Block::table, "</table>\n"},
                                                          {Block::code, "</code></pre>\n"}};
        if (const auto end = ends.find(block_); end != ends.end()) out_ += end->second;
        block_ = Block::none;
    }
    // The paragraph or list item whose lines have been gathered.
    void flush() {
        if (gathered_.empty()) return;
        const bool item = block_ == Block::list || block_ == Block::numbered;
        out_ += (item ? "<li>" : "<p>") + inline_of(gathered_) + (item ? "</li>\n" : "</p>\n");
        gathered_.clear();
    }

    void read(const std::string& line) {
        if (line.rfind("```", 0) == 0) {
            if (block_ == Block::code && fenced_) {
                fenced_ = false;
                close();
            } else {
                open(Block::code, "<pre><code>");
                fenced_ = true;
            }
            return;
        }
        if (fenced_) {
            out_ += escaped(line) + "\n";
            return;
        }
        if (line.empty()) {
            if (block_ != Block::list && block_ != Block::numbered)
                close();
            else
                flush();
            return;
        }
        const bool in_list = block_ == Block::list || block_ == Block::numbered;
        if (line.rfind("    ", 0) == 0 && !in_list) {
            open(Block::code, "<pre><code>");
            out_ += escaped(line.substr(4)) + "\n";
        } else if (line[0] == '#') {
            close();
            const size_t level = line.find_first_not_of('#');
            out_ += "<h" + std::to_string(level) + ">" + inline_of(line.substr(level + 1)) + "</h" +
                    std::to_string(level) + ">\n";
        } else if (line[0] == '|') {
            table_row(line);
        } else if (line.rfind("- ", 0) == 0) {
            flush();
            open(Block::list, "<ul>\n");
            gathered_ = line.substr(2);
        } else if (std::regex_search(line, std::regex("^[0-9]+\\. "))) {
            flush();
            open(Block::numbered, ("<ol start=\"" + line.substr(0, line.find('.')) + "\">\n").c_str());
            gathered_ = line.substr(line.find(' ') + 1);
        } else if (line[0] == '<') {  // <details>, <summary>
            close();
            out_ += line + "\n";
        } else if (in_list && line[0] == ' ') {
            gathered_ += " " + line;
        } else {
            if (block_ != Block::paragraph) close();
            block_ = Block::paragraph;
            gathered_ += (gathered_.empty() ? "" : " ") + line;
        }
    }

    void table_row(const std::string& line) {
        if (line.find_first_not_of("|-: ") == std::string::npos) return;  // the rule below the head
        const bool first = block_ != Block::table;
        open(Block::table, "<table>\n");
        out_ += "<tr>";
        std::istringstream cells(line.substr(1));
        std::string cell;
        while (std::getline(cells, cell, '|'))
            out_ += (first ? "<th>" : "<td>") + inline_of(cell) + (first ? "</th>" : "</td>");
        out_ += "</tr>\n";
    }

    // `code`, **bold**, *emphasis*, ![figure](FILE) and [link](ADDRESS) of one paragraph.
    std::string inline_of(const std::string& text) const {
        std::string out;
        for (size_t i = 0; i < text.size();) {
            std::smatch found;
            const std::string rest = text.substr(i);
            static const std::regex code("^`([^`]+)`"), image("^!\\[([^\\]]*)\\]\\(([^)]+)\\)"),
                link("^\\[([^\\]]+)\\]\\(([^)]+)\\)"), bold("^\\*\\*([^*]+)\\*\\*"), emphasis("^\\*([^* ][^*]*)\\*");
            if (std::regex_search(rest, found, code))
                out += "<code>" + escaped(found[1]) + "</code>";
            else if (std::regex_search(rest, found, image))
                out += "<figure>" + figure(found[2]) + "<figcaption>" + escaped(found[1]) + "</figcaption></figure>";
            else if (std::regex_search(rest, found, link))
                out += "<a href=\"" + address(found[2]) + "\">" + inline_of(found[1]) + "</a>";
            else if (std::regex_search(rest, found, bold))
                out += "<strong>" + inline_of(found[1]) + "</strong>";
            else if (std::regex_search(rest, found, emphasis))
                out += "<em>" + inline_of(found[1]) + "</em>";
            else {
                out += escaped(std::string(1, text[i++]));
                continue;
            }
            i += static_cast<size_t>(found.length(0));
        }
        return out;
    }

    std::string figure(const std::string& path) const {  // figures/NAME.svg
        return data::read_text_file(figures_ + "/" + path);
    }
    // A chapter is in this page; other files are in the repository.
    std::string address(const std::string& link) const {
        if (link.find("://") != std::string::npos || link[0] == '#') return link;
        std::smatch chapter;
        if (std::regex_match(link, chapter, std::regex("(README|0[1-8]-[a-z-]+)\\.md"))) return "#" + chapter[1].str();
        return repository_ + link;
    }

    std::string figures_, repository_, out_, gathered_;
    Block block_ = Block::none;
    bool fenced_ = false;
};

const char* const kStyle =
    "body{font:17px/1.55 Georgia,serif;max-width:46em;margin:2em auto;padding:0 1em;color:#222;background:#fff}"
    "h1,h2,h3,th{font-family:sans-serif}h1{margin-top:2.5em;border-top:1px solid #ccc;padding-top:1em}"
    "code{font:.85em ui-monospace,Menlo,monospace;background:#f3f3f0}pre{background:#f3f3f0;padding:.7em;overflow:auto}"
    "table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.2em .6em;text-align:left}"
    "figure{margin:1em 0}figure svg{max-width:100%;height:auto}figcaption{font-size:.85em;color:#555}"
    "details{border-left:3px solid #ccc;padding-left:1em}";

}  // namespace

void write_page(const std::string& docs, const std::string& figures, const std::string& out) {
    Page page(figures, "../docs/course/");  // links are those of a page in the build folder
    for (const char* name : {"README", "01-broken-episodes", "02-distance", "03-target", "04-dynamics", "05-denoising",
                             "06-deviation", "07-splicing", "08-learners"})
        page.add(name, data::read_text_file(docs + "/" + name + ".md"));
    data::write_text_file(
        out, std::string("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                         "content=\"width=device-width\"><title>The astro course</title><style>") +
                 kStyle + "</style></head><body>\n" + page.text() + "</body></html>\n");
}

}  // namespace course
