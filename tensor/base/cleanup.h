// What must not remain when a signal ends the process: temporary files and child processes.
#pragma once

namespace astro {

// While one exists, clean_up() calls undo(what). `undo` runs in a signal handler, so it may call async-signal-safe
// functions only. `what` must outlive this object. At most 1024 exist at a time; further ones are not undone.
class Cleanup {
  public:
    Cleanup(void (*undo)(const void* what), const void* what);
    ~Cleanup();
    Cleanup(const Cleanup&) = delete;
    Cleanup& operator=(const Cleanup&) = delete;

  private:
    friend void clean_up();
    void (*undo_)(const void*);
    const void* what_;
    int slot_;  // -1: all were taken
};

// May be called by a signal handler, also more than once. The process must end after it: a thread that destroys a
// Cleanup from then on waits for this end.
void clean_up();

}  // namespace astro
