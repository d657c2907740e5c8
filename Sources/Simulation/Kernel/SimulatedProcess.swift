import Engine

/// Something that runs, crashes, and can be stopped and continued: a server or a worker.
///
/// What is to happen in it later belongs to one of its lives. What comes due while it is stopped
/// waits until it goes on.
class SimulatedProcess {
  unowned let world: World
  let name: String
  /// Counts its lives: whatever belongs to an earlier one no longer happens.
  private(set) var life = 0
  private(set) var isUp = false
  private(set) var isStopped = false
  private var waiting: [() -> Void] = []

  init(_ world: World, name: String) {
    self.world = world
    self.name = name
  }

  var isRunning: Bool { isUp && !isStopped }

  func begin() {
    life += 1
    isUp = true
    isStopped = false
    waiting = []
  }

  /// The process is gone, without a word.
  func end() {
    life += 1
    isUp = false
    isStopped = false
    waiting = []
  }

  /// SIGSTOP.
  func stop() {
    guard isUp else { return }
    isStopped = true
  }

  /// SIGCONT: what waited happens soon, in no particular order.
  func resume() {
    guard isStopped else { return }
    isStopped = false
    let actions = waiting
    waiting = []
    for action in actions {
      later(world.random.duration(.zero ... .milliseconds(2)), action)
    }
  }

  /// Has `action` happen in this life, `delay` from now or once the process goes on.
  func later(_ delay: Duration, _ action: @escaping () -> Void) {
    let life = life
    world.queue.schedule(after: delay) { [self] in
      guard self.life == life else { return }
      atOnce(action)
    }
  }

  /// Has `action` happen now, or once the process goes on.
  func atOnce(_ action: @escaping () -> Void) {
    guard isUp else { return }
    if isStopped { waiting.append(action) } else { action() }
  }
}
