import threading
import time

counts = {"a.txt": 0}


def count_one():
    n = counts["a.txt"]  # read
    time.sleep(0)  # anything may happen here
    counts["a.txt"] = n + 1  # write


def work():
    for _ in range(10_000):
        count_one()


threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("count < 40000:", counts["a.txt"] < 40_000)
