// Networks and units in a separate file (.npz): the common part of exported policies and judges. Arrays are stored
// without compression, so that readers in other programs need no zlib. docs/formats.md describes the files.
#pragma once

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "data/npz.h"
#include "data/units.h"
#include "nn/layers.h"

namespace astro::method {

struct NetworkWriter {
    data::NpzWriter file;

    template <class T>
    void operator()(const std::string& key, std::vector<int64_t> shape, const std::vector<T>& values) {
        file.add(key, data::NpyArray::from(std::move(shape), values), data::Compression::stored);
    }
    void number(const std::string& key, int64_t value) { (*this)(key, {1}, std::vector<int64_t>{value}); }
    void weights(const std::string& key, const Tensor& tensor);     // as float32
    void form(const std::string& prefix, const nn::MlpSpec& spec);  // PREFIXhidden_layers, PREFIXgelu, PREFIXlayer_norm
    void layers(const std::string& prefix, const nn::Mlp& net);     // PREFIXlayer0/weight, PREFIXnorm0/gain, ...
    // NAME_centre and NAME_scale.
    void units(const std::string& name, const data::ColumnUnits& columns);
};

// Reads arrays and checks their shapes. Error(data) names file and array.
struct NetworkReader {
    Backend& backend;
    data::NpzReader file;

    template <class T>
    std::vector<T> operator()(const std::string& key, const std::vector<int64_t>& shape) const {
        require_shape(key, shape);
        std::vector<T> values = file.read_as<T>(key);
        for (T value : values)
            if (!std::isfinite(static_cast<double>(value)))
                fail(ErrorKind::data, file.where(key), " holds a number that is not finite");
        return values;
    }
    int64_t number(const std::string& key) const { return (*this).operator()<int64_t>(key, {1})[0]; }
    bool flag(const std::string& key) const;                           // 0 or 1
    Tensor weights(const std::string& key, const Shape& shape) const;  // as float64
    int64_t columns(const std::string& key) const;                     // length of a one-dimensional array
    int64_t rows(const std::string& key, int64_t width) const;         // of an array (rows, width)
    data::ColumnUnits units(const std::string& name) const;
    nn::MlpSpec form(const std::string& prefix) const;
    // A network of the given form with spec.in inputs and spec.out outputs, as float64; sets spec.width.
    nn::Mlp network(const std::string& prefix, nn::MlpSpec spec) const;

  private:
    void require_shape(const std::string& key, const std::vector<int64_t>& shape) const;
};

}  // namespace astro::method
