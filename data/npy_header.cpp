// Reads, checks and writes the header of a .npy file, and lists the element types.
#include <array>
#include <cstring>
#include <limits>

#include "data/npy.h"
#include "tensor/base/error.h"
#include "tensor/base/printable.h"

namespace astro::data {

namespace {

struct TypeInfo {
    NpyType type;
    std::string_view code;  // descr without the byte order
    std::string_view name;
    size_t size;
};
constexpr std::array<TypeInfo, 12> kTypes = {{{NpyType::b1, "b1", "bool", 1},
                                              {NpyType::i1, "i1", "int8", 1},
                                              {NpyType::i2, "i2", "int16", 2},
                                              {NpyType::i4, "i4", "int32", 4},
                                              {NpyType::i8, "i8", "int64", 8},
                                              {NpyType::u1, "u1", "uint8", 1},
                                              {NpyType::u2, "u2", "uint16", 2},
                                              {NpyType::u4, "u4", "uint32", 4},
                                              {NpyType::u8, "u8", "uint64", 8},
                                              {NpyType::f2, "f2", "float16", 2},
                                              {NpyType::f4, "f4", "float32", 4},
                                              {NpyType::f8, "f8", "float64", 8}}};

const TypeInfo& info(NpyType type) { return kTypes[static_cast<size_t>(type)]; }

constexpr size_t kMaxDimensions = 64;         // the limit of NumPy 2
constexpr uint64_t kLongestHeader = 1 << 20;  // bytes; only record dtypes need more than a few hundred

// The header's dictionary: a Python literal with exactly the keys descr, fortran_order and shape.
class DictParser {
  public:
    DictParser(std::string_view text, const std::string& where) : text_(text), where_(where) {}

    void parse(NpyHeader& header) {
        bool descr = false, order = false, shape = false;
        expect('{');
        while (!take('}')) {
            std::string key = quoted();
            expect(':');
            if (key == "descr" && !descr) {
                header.descr = descr_value();
                descr = true;
            } else if (key == "fortran_order" && !order) {
                header.fortran_order = boolean();
                order = true;
            } else if (key == "shape" && !shape) {
                header.shape = tuple();
                shape = true;
            } else {
                refuse(astro::text("unexpected or repeated key '", printable(key, 40), "'"));
            }
            if (!take(',')) {
                expect('}');
                break;
            }
        }
        if (!descr || !order || !shape) refuse("one of descr, fortran_order, shape is missing");
        skip_space();
        if (at_ != text_.size()) refuse("text after the dictionary");
    }

  private:
    [[noreturn]] void refuse(const std::string& why) {
        fail(ErrorKind::data, where_, ": bad .npy header at character ", at_, ": ", why);
    }
    void skip_space() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    }
    bool take(char wanted) {
        skip_space();
        if (at_ >= text_.size() || text_[at_] != wanted) return false;
        ++at_;
        return true;
    }
    void expect(char wanted) {
        if (!take(wanted)) refuse(astro::text("'", wanted, "' expected"));
    }
    std::string quoted() {
        skip_space();
        char quote = at_ < text_.size() ? text_[at_] : '\0';
        if (quote != '\'' && quote != '"') refuse("quoted text expected");
        size_t end = text_.find(quote, at_ + 1);
        if (end == std::string_view::npos) refuse("a quote is not closed");
        std::string value(text_.substr(at_ + 1, end - at_ - 1));
        at_ = end + 1;
        return value;
    }
    // A string, or the list of a record dtype, which is returned unparsed, for messages.
    std::string descr_value() {
        skip_space();
        if (at_ >= text_.size() || text_[at_] != '[') return quoted();
        size_t begin = at_;
        int depth = 0;
        do {
            if (at_ >= text_.size()) refuse("a bracket is not closed");
            char c = text_[at_];
            if (c == '\'' || c == '"') {
                quoted();
                continue;
            }
            depth += (c == '[' || c == '(') - (c == ']' || c == ')');
            ++at_;
        } while (depth > 0);
        return std::string(text_.substr(begin, at_ - begin));
    }
    bool boolean() {
        skip_space();
        for (std::string_view word : {"True", "False"}) {
            if (text_.substr(at_, word.size()) != word) continue;
            at_ += word.size();
            return word == "True";
        }
        refuse("True or False expected");
    }
    std::vector<int64_t> tuple() {
        std::vector<int64_t> values;
        bool comma = true;  // a number is allowed next
        expect('(');
        while (!take(')')) {
            if (!comma) refuse("',' expected");
            values.push_back(integer());
            comma = take(',');
            if (values.size() > kMaxDimensions) refuse("more than 64 dimensions");
        }
        if (values.size() == 1 && !comma) refuse("shape is not a tuple");
        return values;
    }
    int64_t integer() {
        skip_space();
        size_t begin = at_;
        int64_t value = 0;
        while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
            int64_t digit = text_[at_] - '0';
            if (value > (std::numeric_limits<int64_t>::max() - digit) / 10) refuse("dimension exceeds 63 bits");
            value = value * 10 + digit;
            ++at_;
        }
        if (at_ == begin) refuse("a dimension of 0 or more expected");
        if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // written by Python 2
        return value;
    }

    std::string_view text_;
    const std::string& where_;
    size_t at_ = 0;
};

// Sets byte order and element type from a descr such as "<f4". header.supported remains false if it is not supported.
void interpret_descr(NpyHeader& header) {
    if (header.descr.size() != 3) return;
    for (const TypeInfo& type : kTypes) {
        if (header.descr.substr(1) != type.code) continue;
        char order = header.descr[0];
        header.supported = order == '<' || order == '>' || (order == '|' && type.size == 1);
        header.type = type.type;
        header.big_endian = order == '>' && type.size > 1;
    }
}

}  // namespace

size_t item_size(NpyType type) { return info(type).size; }
std::string_view type_name(NpyType type) { return info(type).name; }

std::string shape_text(const std::vector<int64_t>& shape) {
    std::string out = "(";
    for (size_t i = 0; i < shape.size(); ++i) {
        out += (i > 0 ? ", " : "") + std::to_string(shape[i]);
    }
    return out + (shape.size() == 1 ? ",)" : ")");
}

int64_t npy_count(const std::vector<int64_t>& shape, size_t item, const std::string& where) {
    int64_t nonzero = static_cast<int64_t>(item);
    bool empty = false;
    for (int64_t d : shape) {
        if (d == 0) {
            empty = true;
        } else if (nonzero > std::numeric_limits<int64_t>::max() / d) {
            fail(ErrorKind::data, where, ": shape ", shape_text(shape), " overflows 63 bits");
        } else {
            nonzero *= d;
        }
    }
    return empty ? 0 : nonzero / static_cast<int64_t>(item);
}

NpyHeader read_npy_header(const NpySource& source, uint64_t total, const std::string& where) {
    uint8_t start[12];
    if (total < 10) fail(ErrorKind::data, where, ": ", total, " bytes are too few for a .npy header");
    source(start, 10);
    if (std::memcmp(start, "\x93NUMPY", 6) != 0)
        fail(ErrorKind::data, where, ": does not begin with the signature of .npy files");
    int major = start[6];
    if (major < 1 || major > 3 || start[7] != 0) {
        fail(ErrorKind::data, where, ": .npy version ", major, ".", int{start[7]}, ", expected 1.0, 2.0 or 3.0");
    }
    uint64_t prefix = major == 1 ? 10 : 12;
    uint64_t length = start[8] | uint64_t{start[9]} << 8;
    if (major > 1) {
        if (total < prefix) fail(ErrorKind::data, where, ": ", total, " bytes are too few for a .npy header");
        source(start + 10, 2);
        length |= uint64_t{start[10]} << 16 | uint64_t{start[11]} << 24;
    }
    if (length > total - prefix || length > kLongestHeader) {
        fail(ErrorKind::data, where, ": .npy header of ", length, " bytes in a member of ", total, " bytes");
    }
    std::string dictionary(static_cast<size_t>(length), '\0');
    source(dictionary.data(), length);
    if (dictionary.empty() || dictionary.back() != '\n') {
        fail(ErrorKind::data, where, ": bad .npy header: it does not end with a newline");
    }
    NpyHeader header;
    DictParser(dictionary, where).parse(header);
    header.header_bytes = prefix + length;
    interpret_descr(header);
    size_t item = header.supported ? item_size(header.type) : 1;
    header.count = npy_count(header.shape, item, where);
    uint64_t wanted = static_cast<uint64_t>(header.count) * item;
    if (header.supported && wanted != total - header.header_bytes) {
        fail(ErrorKind::data, where, ": shape ", shape_text(header.shape), " of ", type_name(header.type), " needs ",
             wanted, " bytes, there are ", total - header.header_bytes);
    }
    return header;
}

std::string npy_header(NpyType type, const std::vector<int64_t>& shape) {
    std::string dictionary = text("{'descr': '", item_size(type) == 1 ? '|' : '<', info(type).code,
                                  "', 'fortran_order': False, 'shape': ", shape_text(shape), ", }");
    size_t unpadded = 10 + dictionary.size() + 1;
    dictionary.append((64 - unpadded % 64) % 64, ' ');
    dictionary += '\n';
    std::string out("\x93NUMPY\x01\x00", 8);
    out += static_cast<char>(dictionary.size() & 0xFF);
    out += static_cast<char>(dictionary.size() >> 8 & 0xFF);
    return out + dictionary;
}

}  // namespace astro::data
