import Foundation
import NightdropBundle
import NightdropFiles
import NightdropModel

/// One carrier is written to by one visit of this node at a time: two would get in each other's way under the names of the
/// files that they write. It is no lock of the node: only who wants to write to that very carrier waits for it, and not
/// for ever, as the other may hang there.
struct CarrierTurn {
    private static let waitMilliseconds: Int64 = 30_000
    private let lock: any FileLock

    /// Waits for the turn. The lock's file stands in the node, as those of many shares exclude nobody.
    init(on place: ExchangeDirectory, of directory: NodeDirectory, _ fileSystem: any FileSystem) throws {
        let carrier = try place.marker()?.carrier.text ?? "unmarked"
        lock = try fileSystem.lock("\(directory.path)/.\(carrier).lock", within: CarrierTurn.waitMilliseconds) {
            NightdropError(.tryAgain, "another exchange with \(place.path) is going on; try again when it is done")
        }
    }

    /// Does something in that turn.
    func run<Answer>(_ body: () throws -> Answer) rethrows -> Answer { try withExtendedLifetime(lock, body) }
}

extension FileSystem {
    /// Takes a lock, waiting for some milliseconds, or nil for as long as `isEnding` allows; then it throws what `failure` says.
    func lock(
        _ path: String, within milliseconds: Int64?, isEnding: (@Sendable () -> Bool)? = nil,
        failure: () -> NightdropError
    ) throws -> any FileLock {
        let end = milliseconds.map { Clock.sinceBoot() + $0 } ?? .max
        while true {
            do throws(FileError) { return try lock(path, wait: false) } catch {
                guard error.kind == .locked else { throw error }
                guard Clock.sinceBoot() < end, isEnding?() != true else { throw failure() }
                Thread.sleep(forTimeInterval: 0.02)
            }
        }
    }
}
