import Foundation
import NightdropFiles
import NightdropFilesTesting
import Testing

/// Directories tell what appears in them. Waits are long, so that they end by what happens and not by the clock.
@Suite struct ChangeMonitorTests {
    private static let long: Int64 = 60_000
    private let disk = DiskFileSystem()

    @Test func whatAppearsIsTold() throws {
        try TestedSystem.disk.run { _, root in
            for name in ["a", "b"] { try disk.createDirectory("\(root)/\(name)") }
            let monitor = try disk.changeMonitor()
            for _ in 0..<2 { try monitor.watch("\(root)/a", writes: false) }
            #expect(monitor.wait(milliseconds: 0) == [])
            try disk.publish("\(root)/b/file", bytes: [1])
            try disk.publish("\(root)/a/file", bytes: [1])
            let changes = monitor.wait(milliseconds: Self.long)
            #expect(changes.contains(.entry(directory: "\(root)/a", name: "file")))
            #expect(!changes.contains(.entry(directory: "\(root)/b", name: "file")))
            try disk.remove("\(root)/a/file")
            #expect(monitor.wait(milliseconds: 0) == [], "what goes is not told")
            #expect(kind { try monitor.watch("\(root)/nowhere", writes: false) } == .notFound)
        }
    }

    @Test func singleWritesAreToldWhereAsked() throws {
        try TestedSystem.disk.run { _, root in
            let file = try disk.open(root + "/log", .createNew(permissions: 0o644))
            let (all, closes) = (try disk.changeMonitor(), try disk.changeMonitor())
            try all.watch(root, writes: true)
            try closes.watch(root, writes: false)
            try [UInt8(1)].withUnsafeBytes { try file.write($0, at: 0) }
            #expect(all.wait(milliseconds: Self.long) == [.entry(directory: root, name: "log")])
            #expect(closes.wait(milliseconds: 0) == [])
        }
    }

    @Test(arguments: [true, false]) func aDirectoryThatGoesIsToldAndMayComeAgain(isRemoved: Bool) throws {
        try TestedSystem.disk.run { _, root in
            let monitor = try disk.changeMonitor()
            for _ in 0..<2 {
                try disk.createDirectory(root + "/stick")
                try monitor.watch(root + "/stick", writes: false)
                if isRemoved {
                    try FileManager.default.removeItem(atPath: root + "/stick")
                } else {
                    try FileManager.default.moveItem(atPath: root + "/stick", toPath: root + "/\(UUID())")
                }
                var changes: Set<FileChange> = []
                while !changes.contains(.gone(directory: root + "/stick")) {
                    changes.formUnion(monitor.wait(milliseconds: Self.long))
                }
            }
        }
    }

    @Test func aWaitCanBeEnded() throws {
        for monitor in [try disk.changeMonitor(), try CrashFileSystem().changeMonitor()] {
            monitor.wake()
            #expect(monitor.wait(milliseconds: nil) == [])
            Thread.detachNewThread { monitor.wake() }
            #expect(monitor.wait(milliseconds: nil) == [])
        }
    }

    @Test func mountsAreRead() throws {
        let list = MountList(
            """
            22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
            90 22 8:17 / /media/my\\040stick\\134 rw,nosuid shared:5 master:2 - vfat /dev/sdb1 rw
            91 22 0:44 / /run/media/anna/B rw - fuseblk /dev/sdc1 rw
            92 22 0:45 / /mediafiles rw - tmpfs none rw
            broken line
            """)
        #expect(list.mounts.map(\.type) == ["ext4", "vfat", "fuseblk", "tmpfs"])
        #expect(list.paths(below: ["/media", "/run/media"]) == ["/media/my stick\\", "/run/media/anna/B"])
        #expect(try MountList.current().mounts.contains { $0.path == "/proc" })
    }
}
