import Foundation
import Nightdrop
import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropModel
import Testing

/// Visits of tills and head office to one stick.
@Suite struct ExchangeTests {
    private func sale(_ till: Terminal, _ id: String) throws {
        _ = try till.record(OperationDraft(.create, "sale", id: id, set: set(["total": "1"])))
    }

    private func names(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    @Test func aStickGoesRound() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        let stick = chain.exchange
        try sale(till, "T1-1")
        let first = try till.exchange(with: stick + "//")
        #expect(first.safeToRemove && first.status == 0)
        #expect(first.left.map(\.to.text) == ["HQ"])
        #expect(first.left.map(\.operations) == [1])
        #expect(first.left.map(\.wasThere) == [false])
        #expect(first.carrier != nil)
        // The grant was taken before, so it is known, and goes.
        #expect(first.came.map(\.outcome) == [.known])
        #expect(names(stick + "/to/T1") == [])

        let visit = try chain.central.exchange(with: stick)
        #expect(visit.safeToRemove && visit.status == 0)
        #expect(visit.came.map(\.outcome) == [.merged])
        #expect(visit.removed == first.left.map(\.file))
        #expect(visit.left.map(\.to.text) == ["T1"])
        #expect(visit.carrier == first.carrier)
        #expect(names(stick + "/to/HQ") == [])
        #expect(try chain.central.get("sale", "T1-1") != nil)

        let back = try till.exchange(with: stick)
        #expect(back.came.map(\.outcome) == [.merged])
        #expect(try till.status().totals.pending == 0)
        #expect(names(stick + "/to/T1") == [])
        #expect(names(chain.path("T1/archive")).count == 2)
        // Its cursor has moved, and central learns that by a heartbeat; then nobody has anything to say.
        #expect(back.left.map(\.operations) == [0])
        let end = try chain.central.exchange(with: stick)
        #expect(end.came.map(\.outcome) == [.known])
        #expect(end.left.isEmpty)
        let idle = try till.exchange(with: stick)
        #expect(idle.left.isEmpty && idle.came.isEmpty && idle.safeToRemove)
        #expect(names(stick + "/to/HQ") == [] && names(stick + "/to/T1") == [])
    }

    @Test func whatLiesThereWholeIsNotWrittenAgain() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        let stick = chain.exchange
        try sale(till, "T1-1")
        _ = try till.exchange(with: stick)
        let file = try #require(try till.exchange(with: stick).left.first)
        #expect(file.wasThere)
        // Damaged meanwhile, it is.
        var bytes = try Data(contentsOf: URL(fileURLWithPath: file.file))
        bytes[bytes.count / 2] ^= 0xFF
        try bytes.write(to: URL(fileURLWithPath: file.file))
        let mended = try #require(try till.exchange(with: stick).left.first)
        #expect(!mended.wasThere && mended.file == file.file)
        #expect(try BundleReader.open(file.file, fileSystem: DiskFileSystem()).problem == nil)
        // After an hour of silence, it is too: the heartbeat.
        var options = ExchangeOptions()
        options.heartbeatMilliseconds = 0
        #expect(try till.exchange(with: stick, options).left.map(\.wasThere) == [false])

        _ = try chain.central.exchange(with: stick)
        #expect(try chain.central.exchange(with: stick).left.map(\.wasThere) == [true])
    }

    @Test func anIdleTillIsHeardOfOnceAnHour() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        for _ in 0..<3 {
            _ = try till.exchange(with: chain.exchange)
            _ = try chain.central.exchange(with: chain.exchange)
        }
        #expect(try till.exchange(with: chain.exchange).left.isEmpty)
        var options = ExchangeOptions()
        options.heartbeatMilliseconds = 0
        let heartbeat = try #require(try till.exchange(with: chain.exchange, options).left.first)
        #expect(heartbeat.operations == 0)
        let seen = try #require(try chain.central.terminals().first).seen
        _ = try chain.central.exchange(with: chain.exchange)
        #expect(try #require(try chain.central.terminals().first).seen > seen)
    }

    @Test func requestedTillsTellOfThemselves() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        try chain.till("T2")
        for _ in 0..<3 {
            for till in chain.tills.values { _ = try till.exchange(with: chain.exchange) }
            _ = try chain.central.exchange(with: chain.exchange)
        }
        #expect(try chain.central.exchange(with: chain.exchange).left.isEmpty)
        #expect(throws: NightdropError.self) { try chain.central.request([#require(NodeID("T9"))]) }
        #expect(try chain.central.request([#require(NodeID("T1"))]).map(\.text) == ["T1"])
        let asked = try chain.central.exchange(with: chain.exchange)
        #expect(asked.left.map(\.to.text) == ["T1"])
        let answer = try till.exchange(with: chain.exchange)
        #expect(answer.left.count == 1)
        // Asked once, it answers once.
        #expect(try till.exchange(with: chain.exchange).left.map(\.wasThere) != [false])
        #expect(try chain.central.exchange(with: chain.exchange).came.count == 1)
        #expect(try chain.central.exchange(with: chain.exchange).left.isEmpty)
    }

    @Test func whatIsForOthersStays() throws {
        let chain = try Chain()
        let (one, two) = (try chain.till("T1"), try chain.till("T2"))
        _ = two
        let stick = chain.exchange
        let others = names(stick + "/to/T2")
        #expect(others.count == 1)
        let photo = stick + "/to/T1/IMG_0001.JPG"
        try Data([1]).write(to: URL(fileURLWithPath: photo))
        let leftover = stick + "/to/HQ/T2-00000000-000000000001-000000000002.nightdrop.tar.partial"
        try FileManager.default.createDirectory(atPath: stick + "/to/HQ", withIntermediateDirectories: true)
        try Data([1]).write(to: URL(fileURLWithPath: leftover))
        try sale(one, "T1-1")
        _ = try one.exchange(with: stick)
        #expect(names(stick + "/to/T2") == others)
        #expect(names(stick + "/to/T1") == ["IMG_0001.JPG"])
        #expect(FileManager.default.fileExists(atPath: leftover))
        let visit = try chain.central.exchange(with: stick)
        #expect(FileManager.default.fileExists(atPath: leftover))
        // Its own bundle that was merged, and the grant that a later one replaced.
        #expect(visit.removed.count == 2)
        #expect(names(stick + "/to/T2").count == 1)
    }

    @Test func foreignAndMissingCarriersAreLeftAlone() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        #expect(throws: NightdropError.self) { try till.exchange(with: chain.path("nowhere")) }
        let other = chain.path("other")
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
        _ = try ExchangeDirectory(other, fileSystem: DiskFileSystem()).mark("Others")
        let error = #expect(throws: NightdropError.self) { try till.exchange(with: other) }
        #expect(error?.kind == .notPermitted)
        #expect(names(other) == ["nightdrop.marker"])
    }

    @Test func aTillWithoutGrantSaysSo() throws {
        let chain = try Chain()
        let (till, request) = try Terminal.create(
            at: chain.path("T1"), id: try #require(NodeID("T1")), store: try #require(NodeID("S1")))
        let before = try till.exchange(with: chain.exchange)
        #expect(before.left.isEmpty && before.status == 0)
        #expect(before.attention.first?.message.contains("not enrolled") == true)
        #expect(names(chain.exchange) == [])
        _ = try chain.central.enroll(request, to: chain.exchange)
        let after = try till.exchange(with: chain.exchange)
        #expect(after.came.map(\.outcome) == [.merged])
        #expect(after.left.map(\.to.text) == ["HQ"])
    }

    @Test func damagedBundlesAreQuarantinedWithANote() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        let stick = chain.exchange
        try sale(till, "T1-1")
        let file = try #require(try till.exchange(with: stick).left.first?.file)
        let whole = try Data(contentsOf: URL(fileURLWithPath: file))
        func put(_ bytes: Data, age: TimeInterval) throws {
            try bytes.write(to: URL(fileURLWithPath: file))
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: file)
        }
        // Half copied just now: come again. Nobody should pull the stick meanwhile.
        for bytes in [whole.prefix(whole.count / 2), Data()] {
            try put(bytes, age: 0)
            let young = try chain.central.exchange(with: stick)
            #expect(young.came.map(\.outcome) == [.incomplete])
            #expect(young.status == 75 && !young.safeToRemove)
        }
        #expect(names(chain.path("HQ/quarantine")) == [])
        try put(whole.prefix(whole.count / 2), age: 3600)
        // Who saw it change a moment ago does not believe its time; who comes anew does.
        #expect(try chain.central.exchange(with: stick).came.map(\.outcome) == [.incomplete])
        let later = try Central(at: chain.path("HQ"))
        for _ in 0..<2 {
            let visit = try later.exchange(with: stick)
            #expect(visit.came.map(\.outcome) == [.refused])
            #expect(visit.status == 65)
            #expect(FileManager.default.fileExists(atPath: file))
        }
        let name = Path.name(of: file)
        #expect(names(chain.path("HQ/quarantine")) == [name, name + ".why.txt"])
        let note = try String(contentsOfFile: chain.path("HQ/quarantine/\(name).why.txt"), encoding: .utf8)
        #expect(
            note.hasPrefix(file + "\n") && note.contains("refused ") && note.contains("a copy is beside"), "\(note)")
        // Copied twice, under two names, and whole at last.
        try put(whole, age: 0)
        try whole.write(to: URL(fileURLWithPath: stick + "/to/HQ/Copy of bundle.nightdrop.tar"))
        let visit = try chain.central.exchange(with: stick)
        #expect(Set(visit.came.map(\.outcome)) == [.merged, .known])
        #expect(names(stick + "/to/HQ") == [])
        #expect(try chain.central.get("sale", "T1-1") != nil)
    }

    /// A bundle that comes again under its name, damaged otherwise, is evidence of its own; the same bytes are not.
    @Test func theQuarantineKeepsWhatDiffersUnderOneName() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        try sale(till, "T1-1")
        let file = try #require(try till.exchange(with: chain.exchange).left.first?.file)
        let whole = try Data(contentsOf: URL(fileURLWithPath: file))
        let halves = [whole.prefix(whole.count / 2), whole.prefix(whole.count / 3)]
        func visit(_ bytes: Data, hoursAgo: Double) throws {
            try bytes.write(to: URL(fileURLWithPath: file))
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -3600 * hoursAgo)], ofItemAtPath: file)
            let came = try Central(at: chain.path("HQ")).exchange(with: chain.exchange).came
            #expect(came.map(\.outcome) == [.refused])
        }
        for (index, hours) in [5.0, 4, 3, 2].enumerated() { try visit(halves[index % 2], hoursAgo: hours) }
        let name = Path.name(of: file)
        let second = name.replacingOccurrences(of: ".nightdrop.tar", with: ".2.nightdrop.tar")
        #expect(
            names(chain.path("HQ/quarantine")) == [second, second + ".why.txt", name, name + ".why.txt"].sorted())
        for (copy, bytes) in zip([name, second], halves) {
            #expect(FileManager.default.contents(atPath: chain.path("HQ/quarantine/" + copy)) == bytes)
            let note = try String(contentsOfFile: chain.path("HQ/quarantine/\(copy).why.txt"), encoding: .utf8)
            #expect(note.contains(ContentHash.of(Array(bytes)).text), "\(note)")
        }
    }

    /// However much is refused, the copies stay within bounds; the newest are kept.
    @Test func theQuarantineIsBounded() throws {
        let chain = try Chain()
        try chain.till("T1")
        let folder = chain.exchange + "/to/HQ"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for number in 1...230 {
            let file = folder + "/bad\(number).nightdrop.tar"
            try Data("no bundle \(number)".utf8).write(to: URL(fileURLWithPath: file))
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: file)
        }
        let visit = try chain.central.exchange(with: chain.exchange)
        #expect(visit.came.filter { $0.outcome == .refused }.count == 230)
        #expect(visit.status == 65 && visit.safeToRemove)
        let kept = names(chain.path("HQ/quarantine"))
        let copies = kept.filter { !$0.hasSuffix(".why.txt") }
        #expect(copies.count == 200)
        #expect(kept.count == 400)
        // In the order of their names, bad99 comes last.
        #expect(copies.contains("bad99.nightdrop.tar"))
    }

    /// The empty folder of a stick that is not mounted looks like a new one: whoever knows better must hear of it.
    @Test func aNewCarrierIsSaidToBeNew() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        let stick = chain.path("stick")
        try FileManager.default.createDirectory(atPath: stick, withIntermediateDirectories: true)
        let first = try till.exchange(with: stick)
        #expect(first.attention.map(\.status) == [0] && first.status == 0 && first.safeToRemove)
        #expect(first.attention.first?.message.contains("if it has been used before, it is not mounted") == true)
        #expect(try till.exchange(with: stick).attention == [])
    }

    @Test func aDaemonTakesOnlyWhatIsMounted() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        let empty = chain.path("mount")
        try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
        var options = ExchangeOptions()
        options.needsMarker = true
        let error = #expect(throws: NightdropError.self) { try till.exchange(with: empty, options) }
        #expect(error?.kind == .tryAgain)
        #expect(names(empty) == [])
        try sale(till, "T1-1")
        options.isLeaving = false
        let taking = try till.exchange(with: chain.exchange, options)
        #expect(taking.came.map(\.outcome) == [.known] && taking.left.isEmpty)
        #expect(names(chain.exchange + "/to/HQ") == [])
    }
}
