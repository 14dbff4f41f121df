// A table whose rows have names, for learners and augmenters. A program can add its own rows temporarily.
#pragma once

#include <list>
#include <string>
#include <utility>
#include <vector>

#include "tensor/base/error.h"

namespace astro::method {

template <class Row>
class NamedTable {
  public:
    // kind: what a row is called in messages. name: the member that contains the name of a row.
    NamedTable(const char* kind, std::string Row::*name, std::list<Row> rows)
        : kind_(kind), name_(name), rows_(std::move(rows)) {}

    const std::list<Row>& rows() const { return rows_; }
    const Row* find(const std::string& name) const {
        for (const Row& row : rows_)
            if (row.*name_ == name) return &row;
        return nullptr;
    }
    // Error(usage) for an unknown name.
    const Row& at(const std::string& name) const {
        if (const Row* row = find(name)) return *row;
        fail(ErrorKind::usage, "unknown ", kind_, " '", name, "'");
    }
    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const Row& row : rows_) all.push_back(row.*name_);
        return all;
    }

    // Adds a row during the lifetime of this object. Construct it before settings are read and before threads start.
    // Error(usage) if the name exists.
    class Added {
      public:
        Added(NamedTable& table, Row row) : table_(table), name_(row.*table.name_) {
            if (table.find(name_)) fail(ErrorKind::usage, table.kind_, " '", name_, "' exists already");
            table.rows_.push_back(std::move(row));
        }
        ~Added() {
            table_.rows_.remove_if([this](const Row& row) { return row.*table_.name_ == name_; });
        }
        Added(const Added&) = delete;
        Added& operator=(const Added&) = delete;

      private:
        NamedTable& table_;
        std::string name_;
    };

  private:
    const char* kind_;
    std::string Row::*name_;
    std::list<Row> rows_;  // a list, so that references to rows stay valid when one is added
};

}  // namespace astro::method
