// Tensors have a shape, a type and shared memory.
//     make examples && build/examples/01_tensor
#include <cstdio>
#include <sstream>

#include "examples/picture.h"
#include "tensor/ops.h"

using namespace astro;

namespace {

void show(const char* name, const Tensor& t) {
    std::ostringstream shape;
    shape << t.shape();
    std::printf("%-22s %-10s", name, shape.str().c_str());
    for (double value : t.cast(DType::f64).to_vector<double>()) std::printf(" %g", value);
    std::printf("\n");
}

}  // namespace

int main() {
    // A backend owns memory and does the arithmetic. A tensor refers to its backend, so ops need no other argument.
    const auto backend = make_cpu_backend();
    const Tensor a = Tensor::from(*backend, Shape{2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
    const Tensor row = Tensor::from(*backend, Shape{3}, std::vector<float>{10, 20, 30});
    show("a", a);
    show("row", row);

    // Shapes are aligned from the right, as in NumPy: the row is added to both rows of a.
    const Tensor moved = a + row;
    show("a + row", moved);
    const Tensor product = matmul(a, a, false, true);  // a times its transpose
    show("a a^T", product);
    show("sum over axis 0", sum(a, 0));
    show("mean of all", mean(a));

    // A copy refers to the same memory; clone() copies the elements.
    Tensor same = a, other = a.clone();
    same.data<float>()[0] = 100;
    same.touch();  // needed after a write through the pointer, so that a tape can detect the change
    other.data<float>()[1] = -1;
    show("a, after both writes", a);
    show("its earlier clone", other);

    // For incompatible shapes, the error names the op and both shapes.
    std::string message;
    try {
        add(a, Tensor::zeros(*backend, DType::f32, {4}));
    } catch (const Error& error) {
        message = error.what();
        std::printf("as expected: %s\n", message.c_str());
    }

    const bool good = moved.to_vector<float>() == std::vector<float>{11, 22, 33, 14, 25, 36} &&
                      product.to_vector<float>() == std::vector<float>{14, 32, 32, 77} && a.data<float>()[0] == 100 &&
                      a.data<float>()[1] == 2 && other.data<float>()[0] == 1 &&
                      message.find("[2, 3]") != std::string::npos;
    return example::verdict(good, "sums, product, shared memory and the error are right");
}
