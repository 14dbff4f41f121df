// JSON: writing and reading gives the same values; errors name line and column.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "data/json.h"
#include "tests/error_message.h"

using astro::Error;
using astro::data::Json;

namespace {
std::string parse_error(const std::string& text) {
    return astro::error_message([&] { Json::parse(text, "f.json"); });
}
}  // namespace

TEST_CASE("json: order, indentation and number formats are fixed") {
    Json value;
    value["z"] = 1;
    value["a"] = 0.1;
    value["float"] = 0.1f;
    value["whole"] = 2.0;
    value["small"] = 1e-300;
    value["nan"] = std::nan("");
    value["text"] = "a\"\\\n\x01\xC3\xA9";
    value["list"] = std::vector<int>{1, 2};
    value["none"] = Json::array();
    value["deep"]["er"] = true;
    value["z"] = -3;  // set again: keeps its position
    CHECK(value.dump() ==
          "{\n  \"z\": -3,\n  \"a\": 0.1,\n  \"float\": 0.1,\n  \"whole\": 2.0,\n  \"small\": 1e-300,\n  "
          "\"nan\": null,\n"
          "  \"text\": \"a\\\"\\\\\\n\\u0001\xC3\xA9\",\n  \"list\": [\n    1,\n    2\n  ],\n  \"none\": [],\n"
          "  \"deep\": {\n    \"er\": true\n  }\n}");
    CHECK(Json::parse(value.dump(), "x").dump() == value.dump());
    CHECK(Json::parse(value.dump(0), "x").dump() == value.dump());
    CHECK(value.dump(0).find('\n') == std::string::npos);
}

TEST_CASE("json: numbers survive a round trip") {
    for (double v : {0.0, -0.0, 1.0 / 3, 5e-324, 1.7976931348623157e308, 1e21, -2.5}) {
        double back = Json::parse(Json(v).dump(), "x").as_real();
        CHECK((back == v && std::signbit(back) == std::signbit(v)));
    }
    for (int64_t v : {std::numeric_limits<int64_t>::min(), int64_t{-1}, std::numeric_limits<int64_t>::max()}) {
        CHECK(Json::parse(Json(v).dump(), "x").as_integer() == v);
    }
    CHECK(std::isnan(Json::parse("null", "x").as_real()));
}

TEST_CASE("json: parsing and access") {
    Json value = Json::parse(" {\"a\": [1, -2.5e1, true, null], \"b\": \"\\u00e9\\ud83d\\ude00\\/\"} ", "x");
    CHECK(value.at("a").elements()[1].as_real() == -25.0);
    CHECK(value.at("a").elements()[2].as_bool());
    CHECK(value.at("b").as_string() == "\xC3\xA9\xF0\x9F\x98\x80/");
    CHECK(value.find("c") == nullptr);
    CHECK_THROWS_WITH_AS(value.at("c"), "JSON: no key \"c\"", Error);
    CHECK_THROWS_WITH_AS(value.at("a").as_string(), "JSON: a string expected, found [1, -25.0, true, null]", Error);
}

TEST_CASE("json: invalid input is rejected with line and column") {
    CHECK(parse_error("{\"a\": 1,\n \"a\": 2}") == "f.json: line 2, column 5: not valid JSON: key \"a\" occurs twice");
    for (const char* text :
         {"",    "{",       "[1,]",      "{\"a\":1,}",  "{a:1}",    "01",  "1.",  ".5",    "+1",    "1e", "nul",
          "\"a", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"a\nb\"", "1 2", "NaN", "1e999", "[1 2]", "'a'"}) {
        CAPTURE(text);
        CHECK(parse_error(text).find("not valid JSON") != std::string::npos);
    }
    CHECK(parse_error(std::string(5000, '[')).find("nested too deeply") != std::string::npos);
    CHECK(parse_error(std::string("1\0", 2)).find("after the value") != std::string::npos);
}

TEST_CASE("json: bytes that are not UTF-8 are escaped, and survive a round trip") {
    const std::string name = "caf\xE9/\xC3\xA9/\xF0\x9F\x98\x80/\xED\xA0\x80/\xC0\x80";
    Json json = Json::object();
    json["name"] = name;
    const std::string text = json.dump(0);
    CHECK(text == "{\"name\": \"caf\\udce9/\xC3\xA9/\xF0\x9F\x98\x80/\\udced\\udca0\\udc80/\\udcc0\\udc80\"}");
    CHECK(Json::parse(text, "text").at("name").as_string() == name);
}
