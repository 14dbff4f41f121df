// Completion of words in bash and zsh: names of commands, options, and the words that an option takes. Other arguments
// are names of files.
#include "apps/command_line/pages.h"

namespace astro::app {

std::string completion_page(const CommandLine& line) {
    std::string flags, cases;
    auto add = [&](const Setting& setting) {
        flags += " --" + setting.key;
        if (setting.kind == SettingKind::boolean) flags += " --no-" + setting.key;
        std::string words;
        for (const std::string& choice : setting.domain.choices) words += (words.empty() ? "" : " ") + choice;
        if (!words.empty())
            cases += "        'value " + line.command_name() + " --" + setting.key + "') words='" + words + "' ;;\n";
    };
    for (const Setting& setting : line.options().all()) add(setting);
    for (const Setting& setting : line.settings().all())
        if (line.uses(setting.section)) add(setting);
    return cases + "        'option " + line.command_name() + " '*) words='--help" + flags + "' ;;\n";
}

std::string completion_head(const std::string& shell) {
    std::string names;
    for (const Command& command : commands()) {
        const std::string name = command.name;
        const std::string first = name.substr(0, name.find(' '));
        if ((" " + names + " ").find(" " + first + " ") == std::string::npos)
            names += (names.empty() ? "" : " ") + first;
    }
    std::string head = shell == "zsh" ? "#compdef astro\nautoload -U +X bashcompinit && bashcompinit\n" : "";
    head += "# Completion of astro's commands and options for " + shell + ", written by `astro help --completion " +
            shell +
            "`.\n_astro() {\n"
            "    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=''\n"
            "    local command=${COMP_WORDS[1]}\n"
            "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
            "        COMPREPLY=($(compgen -W '" +
            names +
            "' -- \"$current\"))\n"
            "        return\n"
            "    fi\n"
            "    case \"$command\" in\n";
    // The groups of commands with two words.
    std::string group, members;
    auto close = [&] {
        if (group.empty()) return;
        head += "        " + group +
                ")\n"
                "            if [ \"$COMP_CWORD\" -eq 2 ]; then\n"
                "                COMPREPLY=($(compgen -W '" +
                members +
                "' -- \"$current\"))\n"
                "                return\n"
                "            fi\n"
                "            command=\"$command ${COMP_WORDS[2]}\" ;;\n";
        group.clear(), members.clear();
    };
    for (const Command& command : commands()) {
        const std::string name = command.name;
        const size_t space = name.find(' ');
        if (space == std::string::npos || name.substr(0, space) != group) close();
        if (space == std::string::npos) continue;
        group = name.substr(0, space);
        members += (members.empty() ? "" : " ") + name.substr(space + 1);
    }
    close();
    return head +
           "    esac\n"
           "    local kind=value\n"
           "    case \"$current\" in -*) kind=option ;; esac\n"
           "    case \"$kind $command $before\" in\n";
}

std::string completion_tail() {
    return "    esac\n"
           "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
           "}\n"
           "complete -o default -F _astro astro\n";
}

}  // namespace astro::app
