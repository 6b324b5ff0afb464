import Foundation
import NightdropBundle
import NightdropFiles
import NightdropFilesTesting
import NightdropFormats
import NightdropModel
import Testing

/// What a visit to an exchange directory does there.
@Suite struct VisitTests {
    let fixture: BundleFixture
    let system = CrashFileSystem()
    let stick: ExchangeDirectory
    private let name = "T07-1f3c9a20-000000000832-000000001042.nightdrop.tar"

    init() throws {
        fixture = try BundleFixture(system: system)
        try system.createDirectory("/stick")
        stick = ExchangeDirectory("/stick", fileSystem: system)
    }

    @Test func onlyOwnLeftoversAreRemoved() throws {
        let own = ["/stick/to/HQ/\(name).partial", "/stick/\(name).partial", "/stick/to/T09/\(name).partial"]
        let others = [
            "/stick/to/HQ/T08-1f3c9a20-000000000832-000000001042.nightdrop.tar.partial", "/stick/to/HQ/\(name)",
            "/stick/to/HQ/photo.partial", "/stick/nightdrop.marker.partial",
        ]
        for path in own + others {
            try system.createDirectory(Path.directory(of: path))
            let file = try system.open(path, .createNew(permissions: 0o644))
            try file.synchronize()
            try system.synchronizeDirectory(Path.directory(of: path))
        }
        #expect(Set(try stick.removeLeftovers(of: fixture.t07)) == Set(own))
        for path in others { #expect(try system.crashed().status(path) != nil, "\(path)") }
        for path in own { #expect(try system.crashed().status(path) == nil, "\(path)") }
    }

    @Test func onlyWhatWasTakenIsRemoved() throws {
        let (mine, elsewhere) = ("/stick/to/T07/a.nightdrop.tar", "/stick/b.nightdrop.tar")
        try system.createDirectory("/stick/to/T07")
        for path in [mine, elsewhere] { try system.publish(path, bytes: [1]) }
        let seen = try [mine, elsewhere].map { (path: $0, status: try #require(try system.status($0))) }
        system.setTime(5000)
        try system.publish(mine, bytes: [2])
        #expect(try stick.removeTaken(seen, by: fixture.t07) == [])
        let again = [(path: mine, status: try #require(try system.status(mine)))]
        #expect(try stick.removeTaken(again, by: fixture.hq) == [])
        #expect(try stick.removeTaken(again, by: fixture.t07) == [mine])
        #expect(try system.crashed().status(mine) == nil)
        #expect(try system.status(elsewhere) != nil)
    }

    /// Whatever call fails: no bundle that is not whole bears a name, and the next visit clears up.
    @Test(arguments: [0, 700]) func interruptedWritingLeavesNothingHalf(writtenBytes: Int) throws {
        let path = "/stick/to/HQ/\(name)"
        var number = 0
        while true {
            number += 1
            let fresh = try BundleFixture(system: CrashFileSystem())
            try fresh.system.createDirectory("/stick")
            let fault = Fault(number: number, kind: .inputOutput, isLasting: true, writtenBytes: writtenBytes)
            let faulty = FaultFileSystem(over: fresh.system, fault)
            let error = bundleError {
                let place = ExchangeDirectory("/stick", fileSystem: faulty)
                _ = try place.destination(to: fresh.hq, organisation: "Corner Shops")
                _ = try BundleWriter.write(
                    manifest: fresh.journalManifest, contents: fresh.contents, key: fresh.till, to: path,
                    fileSystem: faulty, verifyCopy: true)
            }
            guard let memory = fresh.system as? CrashFileSystem else { return }
            for left in [memory, memory.crashed()] {
                let next = ExchangeDirectory("/stick", fileSystem: left)
                try next.removeLeftovers(of: fresh.t07)
                let files = try left.kind("/stick/to/HQ") == .directory ? left.names(in: "/stick/to/HQ") : []
                #expect(files.isEmpty || files == [name], "call \(number): \(files)")
                if files == [name] { #expect(try BundleReader.open(path, fileSystem: left).problem == nil) }
                #expect(try next.mark("Corner Shops").organisation == "Corner Shops", "call \(number)")
            }
            if error == nil {
                #expect(!faulty.hasFailed && number > 10)
                return
            }
        }
    }

    @Test func aCarrierThatWasPulledOutIsNotMadeAnew() throws {
        let marker = try stick.mark("Corner Shops")
        let known = ExchangeDirectory("/stick", fileSystem: system, carrier: marker.carrier)
        #expect(try known.destination(to: fixture.hq, organisation: "Corner Shops") == "/stick/to/HQ")
        try system.remove("/stick/nightdrop.marker")
        let gone = bundleError { _ = try known.destination(to: fixture.hq, organisation: "Corner Shops") }
        #expect(gone?.status == 74)
        #expect(try system.status("/stick/nightdrop.marker") == nil)
        _ = try stick.mark("Corner Shops")
        let other = bundleError { _ = try known.destination(to: fixture.hq, organisation: "Corner Shops") }
        #expect(other?.status == 74)
    }

    @Test func whatLiesThereMayStandForTheSame() throws {
        try system.createDirectory("/stick/to/HQ")
        let folder = "/stick/to/HQ"
        let written = try BundleWriter.write(
            manifest: fixture.journalManifest, contents: fixture.contents, key: fixture.till, to: "\(folder)/\(name)",
            fileSystem: system, verifyCopy: true)
        func stands(_ change: (inout Manifest) -> Void = { _ in }) -> Bool {
            var manifest = fixture.journalManifest
            change(&manifest)
            return !stick.standing(for: manifest, in: folder, key: fixture.till.publicKey).isEmpty
        }
        #expect(stands { $0.created += 5000 })
        #expect(!stands { $0.pending += 1 })
        #expect(!stands { $0.cursor = Cursor(epoch: fixture.journal, csn: 3, transaction: "0123456789abcdef") })
        #expect(!stands { $0.last += 1 })
        #expect(stick.standing(for: fixture.journalManifest, in: folder, key: fixture.office.publicKey).isEmpty)
        for (limit, stands) in [(written.size, true), (written.size - 1, false)] {
            let found = stick.standing(
                for: fixture.journalManifest, in: folder, key: fixture.till.publicKey, limit: limit)
            #expect(found.isEmpty == !stands)
        }
        let file = try system.open(written.path, .update)
        let flipped: [UInt8] = [0xFF]
        try flipped.withUnsafeBytes { try file.write($0, at: written.size - 2000) }
        #expect(!stands())
    }

    /// Real directories, since memory knows neither links nor pipes.
    @Test func otherThingsAreNotBundles() throws {
        let root = NSTemporaryDirectory() + "nightdrop-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: root) }
        let disk = DiskFileSystem()
        let folder = root + "/stick/to/HQ"
        try disk.createDirectory(folder)
        try disk.createDirectory(folder + "/folder.nightdrop.tar")
        try disk.createDirectory(root + "/stick/System Volume Information")
        try disk.createDirectory(root + "/stick/.Trash-1000")
        for name in ["._T07.nightdrop.tar", "IMG_0001.JPG", "T07.nightdrop.tar.partial", "real.nightdrop.tar"] {
            try disk.publish("\(folder)/\(name)", bytes: [1])
        }
        try FileManager.default.createSymbolicLink(
            atPath: folder + "/link.nightdrop.tar", withDestinationPath: "real.nightdrop.tar")
        try FileManager.default.createSymbolicLink(
            atPath: folder + "/zero.nightdrop.tar", withDestinationPath: "/dev/zero")
        #expect(mkfifo(folder + "/pipe.nightdrop.tar", 0o644) == 0)
        try FileManager.default.createSymbolicLink(
            atPath: root + "/stick/to/T07", withDestinationPath: folder)
        let place = ExchangeDirectory(root + "/stick", fileSystem: disk)
        #expect(try place.bundles(for: fixture.hq) == [folder + "/real.nightdrop.tar"])
        #expect(try place.bundles(for: fixture.t07) == [])
        let error = bundleError { _ = try place.destination(to: fixture.t07, organisation: "Corner Shops") }
        #expect(error?.status == 73)
        #expect(
            bundleError {
                _ = try BundleIntake(try fixture.expectations(), fileSystem: disk).take(folder + "/pipe.nightdrop.tar")
            }?.status == 74)
    }
}
