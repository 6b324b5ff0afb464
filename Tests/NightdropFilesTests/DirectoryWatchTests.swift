import Foundation
import NightdropFiles
import NightdropFilesTesting
import Testing

/// Directories tell when something in them changes. Waits are long, so that they end by what happens and not by the clock.
@Suite struct DirectoryWatchTests {
    private static let long = 60_000

    @Test(arguments: TestedSystem.allCases) func whatChangesIsTold(_ tested: TestedSystem) throws {
        try tested.run { system, root in
            for name in ["a", "b", "c"] { try system.createDirectory("\(root)/\(name)") }
            let watch = try system.watchDirectories()
            for name in ["a", "b"] { try watch.add("\(root)/\(name)") }
            try watch.add("\(root)/a")
            #expect(try watch.next(timeoutMilliseconds: 0) == [])
            try system.publish("\(root)/a/file", bytes: [1])
            try system.publish("\(root)/c/file", bytes: [1])
            #expect(try watch.next(timeoutMilliseconds: Self.long) == ["\(root)/a"])
            #expect(try watch.next(timeoutMilliseconds: 0) == [])
            try system.rename("\(root)/a/file", to: "\(root)/b/file")
            var changed: Set<String> = []
            while changed.count < 2 { changed.formUnion(try watch.next(timeoutMilliseconds: Self.long)) }
            #expect(changed == ["\(root)/a", "\(root)/b"])
            watch.remove("\(root)/a")
            try system.publish("\(root)/a/other", bytes: [1])
            try system.remove("\(root)/b/file")
            #expect(try watch.next(timeoutMilliseconds: Self.long) == ["\(root)/b"])
            #expect(kind { try watch.add("\(root)/nowhere") } == .notFound)
        }
    }

    @Test(arguments: TestedSystem.allCases) func aWaitCanBeEnded(_ tested: TestedSystem) throws {
        try tested.run { system, root in
            let watch = try system.watchDirectories()
            try watch.add(root)
            watch.wake()
            #expect(try watch.next(timeoutMilliseconds: Self.long) == [])
            Thread.detachNewThread { watch.wake() }
            #expect(try watch.next(timeoutMilliseconds: Self.long) == [])
        }
    }

    @Test func aDirectoryThatGoesIsToldOnceAndMayComeAgain() throws {
        let root = temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: root) }
        let disk = DiskFileSystem()
        let watch = try disk.watchDirectories()
        for end in ["removed", "moved"] {
            try disk.createDirectory(root + "/stick")
            try watch.add(root + "/stick")
            if end == "removed" {
                try FileManager.default.removeItem(atPath: root + "/stick")
            } else {
                try FileManager.default.moveItem(atPath: root + "/stick", toPath: root + "/other")
            }
            #expect(try watch.next(timeoutMilliseconds: Self.long) == [root + "/stick"])
            #expect(try watch.next(timeoutMilliseconds: 0) == [])
        }
        try disk.createDirectory(root + "/stick")
        try watch.add(root + "/stick")
        try disk.publish(root + "/stick/file", bytes: [1])
        #expect(try watch.next(timeoutMilliseconds: Self.long) == [root + "/stick"])
    }

    @Test func thousandsOfDirectoriesAreNoBurden() throws {
        let root = temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: root) }
        let disk = DiskFileSystem()
        let watch = try disk.watchDirectories()
        let folders = (0..<3000).map { "\(root)/to/T\($0)" }
        for folder in folders {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try watch.add(folder)
        }
        let touched = stride(from: 0, to: 3000, by: 7).map { folders[$0] }
        for folder in touched { #expect(FileManager.default.createFile(atPath: folder + "/a", contents: Data([1]))) }
        var changed: Set<String> = []
        while changed.count < touched.count { changed.formUnion(try watch.next(timeoutMilliseconds: Self.long)) }
        #expect(changed == Set(touched))
    }
}
