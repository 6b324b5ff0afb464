import ArgumentParser
import Dispatch
import Glibc
import Nightdrop
import NightdropFiles
import NightdropFormats
import NightdropWatch
import Synchronization

struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Keep this node in step with exchange directories, as a service.",
        discussion: Manual.page(
            """
            Looks at the directories whenever something changes there, and at every interval. A till sends what is \
            recorded and takes in what head office answers; head office merges and answers. What fails is tried again \
            and shown by nightdrop status; a cashier never notices. A directory needs the marker that exchange and --to \
            leave: without it, it counts as not mounted. Other settings stand under watch in nightdrop.yaml.

            SIGTERM and SIGINT end it once the bundle in hand is done, SIGHUP has it read its settings again. The log \
            goes to standard error, a line for each event; nothing is logged while nothing happens.
            """,
            examples: [
                "nightdrop watch /srv/exchange", "nightdrop watch --removable -C /var/lib/nightdrop/T07",
                "nightdrop watch /srv/exchange --interval 60 --events",
            ],
            statuses: [.inputOutput, .tryAgain, .badSettings]))

    @Argument(help: "Exchange directories, besides those of the settings.", completion: .directory)
    var directories: [String] = []
    @Option(help: ArgumentHelp("Seconds between two looks; else as in the settings, 300.", valueName: "seconds"))
    var interval: Seconds?
    @Flag(help: "Watch every mounted stick that bears our marker, too.")
    var removable = false
    @Flag(help: "Print every change of state and all progress to standard output, a JSON object a line.")
    var events = false
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        var options = WatchOptions()
        options.interval = interval?.milliseconds
        options.removable = removable
        let log = WatchLog(output, printsEvents: events)
        let watch = try Watch(node: node.path, directories: directories, options: options) { log.take($0) }
        let signals = [
            Signals.handle(SIGTERM) { watch.stop() }, Signals.handle(SIGINT) { watch.stop() },
            Signals.handle(SIGHUP) { watch.reload() },
        ]
        watch.runUntilStopped()
        withExtendedLifetime(signals) {}
    }
}

/// Seconds on the command line, with up to three decimals.
struct Seconds: ExpressibleByArgument {
    let milliseconds: Int64

    init?(argument: String) {
        guard let milliseconds = WatchSettings.milliseconds(argument) else { return nil }
        self.milliseconds = milliseconds
    }
}

/// Signals as events.
private enum Signals {
    static func handle(_ number: Int32, _ body: @escaping @Sendable () -> Void) -> any DispatchSourceSignal {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler(handler: body)
        source.resume()
        return source
    }
}

/// Writes events as they come: to the log, and as data.
private final class WatchLog: Sendable {
    private let turn = Mutex(())
    private let isJSON: Bool
    private let level: WatchEvent.Level
    private let printsEvents: Bool

    init(_ options: OutputOptions, printsEvents: Bool) {
        isJSON = options.json
        level = options.verbose ? .debug : options.quiet ? .warning : .info
        self.printsEvents = printsEvents
    }

    func take(_ event: WatchEvent) {
        let now = WatchLog.now()
        // Events come from many threads, and each is a line of its own.
        turn.withLock { _ in
            if printsEvents { WatchLog.write(event.json(at: now).compact, to: STDOUT_FILENO) }
            guard event.level.rank >= level.rank else { return }
            WatchLog.write(isJSON ? event.json(at: now).compact : event.line(at: now), to: STDERR_FILENO)
        }
    }

    /// In milliseconds since 1970.
    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    private static func write(_ line: String, to descriptor: Int32) {
        let bytes = Array((line + "\n").utf8)
        var start = 0
        while start < bytes.count {
            let written = bytes[start...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written >= 0 { start += written } else if errno != EINTR { return }
        }
    }
}

extension WatchEvent.Level {
    fileprivate var rank: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .warning: 2
        }
    }
}
