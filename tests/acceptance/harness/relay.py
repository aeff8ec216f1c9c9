"""Carry TCP connections from one address to another: `relay.py LISTEN_HOST:PORT TO_HOST:PORT`."""

import asyncio
import sys


async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


async def main(listen: str, to: str) -> None:
    host, _, port = to.rpartition(":")

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection(host, int(port))
        except OSError:
            writer.close()
            return
        await asyncio.gather(pour(reader, there_writer), pour(there_reader, writer))
        there_writer.close()
        writer.close()

    own_host, _, own_port = listen.rpartition(":")
    async with await asyncio.start_server(carry, own_host, int(own_port)) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
