// A temporary folder for a test, removed at its end.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

struct TemporaryFolder {
    std::string path;

    TemporaryFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "astro-test-XXXXXX").string();
        if (::mkdtemp(pattern.data()) != nullptr) path = pattern;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::permissions(path, std::filesystem::perms::owner_all, ignored);
        std::filesystem::remove_all(path, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    std::string operator/(const std::string& name) const { return path + "/" + name; }
    size_t files() const {
        size_t n = 0;
        for (const auto& entry : std::filesystem::directory_iterator(path)) n += entry.exists();
        return n;
    }
};
